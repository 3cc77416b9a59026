//! A kiosk of Contoso's calls with a certificate of Contoso's own authority. A proxy of Tailspin's ends TLS for it, and says
//! which certificate it has shown (RFC 9440).

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use crate::client::{Ask, Browser, Page};
use crate::ground::PROXY;
use crate::product::{Admin, DEVICES};
use crate::stage::Stage;
use crate::story::{Story, expect};
use crate::walk::{Seen, answer, tried, words};

pub(super) async fn walk(story: &mut Story, stage: &mut Stage) {
    story.chapter("A kiosk calls with a client certificate");
    let made = lay_down(stage).await;
    let Some((mut alice, anchor, contosos)) =
        story.step("Alice lays down Contoso's own authority, by showing that she has its key", made)
    else {
        return;
    };
    let Some(kiosk) = story.step("it signs a certificate for a kiosk", contosos.sign("kiosk-1")) else {
        return;
    };
    story
        .step("with it Surveys is told of a device of Contoso's, and of no user", known(stage, &kiosk).await);
    let forged = Authority::new().and_then(|fabrikams| fabrikams.sign("kiosk-1"));
    tried(story, "the same name under another authority opens nothing", refused(stage, forged, PROXY).await);
    tried(story, "for Fabrikam it opens nothing", elsewhere(stage, &kiosk).await);
    let here = "127.0.0.1";
    tried(
        story,
        "who is not the proxy cannot say that they are the kiosk",
        refused(stage, Ok(kiosk.clone()), here).await,
    );
    story.step("Alice takes the certificate back", alice.revoke(&anchor, &kiosk).await.map_err(words));
    tried(story, "and from then on it is refused", refused(stage, Ok(kiosk), PROXY).await);
}

/// An authority with its key.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Seen<Self> {
        let mut params = named("Devices");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(words)?;
        let pem = params.self_signed(&key).map_err(words)?.pem();
        Ok(Authority { pem, issuer: Issuer::new(params, key) })
    }

    /// A certificate for a client, in DER.
    fn sign(&self, name: &str) -> Seen<Vec<u8>> {
        self.signed(name).map(|certificate| certificate.der().to_vec())
    }

    fn signed(&self, name: &str) -> Seen<rcgen::Certificate> {
        let mut params = named(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(words)?;
        params.signed_by(&key, &self.issuer).map_err(words)
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

async fn lay_down(stage: &Stage) -> Seen<(Admin, String, Authority)> {
    let person = stage.person("alice@contoso.test");
    let mut alice = Admin::arrive(stage.ground, &stage.contoso.id, &person).await.map_err(words)?;
    let authority = Authority::new()?;
    let asked = alice.proof_of(&authority.pem).await.map_err(words)?;
    let proof = authority.signed(&asked)?.pem();
    let anchor = alice.lay_down(&authority.pem, &proof).await.map_err(words)?;
    Ok((alice, anchor, authority))
}

async fn call(stage: &Stage, kiosk: &[u8], from: &str, more: &[(&str, &str)]) -> Seen<Page> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let ask = Ask::get(&format!("{}/api/me", stage.ground.origin(DEVICES)));
    let said = format!(":{}:", BASE64_STANDARD.encode(kiosk));
    let ask = ask.from(from).with("client-cert", &said).with("accept", "application/json");
    let ask = more.iter().fold(ask, |ask, (name, value)| ask.with(name, value));
    Browser::new().send(&ask).await.map_err(words)
}

async fn known(stage: &Stage, kiosk: &[u8]) -> Seen<()> {
    // Every node hears of a new authority within seconds.
    for _ in 0..100 {
        let page = call(stage, kiosk, PROXY, &[]).await?;
        if page.status == 200 {
            let me = page.json().map_err(words)?;
            let is_contosos = me["tenant"]["id"] == stage.contoso.id && me["device"]["subject"] == "kiosk-1";
            return expect(is_contosos && me["user"].is_null(), &me);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err("the authority was not heard of".to_owned())
}

async fn refused(stage: &Stage, kiosk: Seen<Vec<u8>>, from: &str) -> Seen<String> {
    let kiosk = kiosk?;
    for _ in 0..100 {
        let page = call(stage, &kiosk, from, &[]).await?;
        if page.status == 401 {
            return Ok(answer(&page));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err("it is still believed".to_owned())
}

async fn elsewhere(stage: &Stage, kiosk: &[u8]) -> Seen<String> {
    let page = call(stage, kiosk, PROXY, &[("Tenant-Id", &stage.fabrikam.id)]).await?;
    expect(page.status == 403, answer(&page))?;
    Ok(answer(&page))
}
