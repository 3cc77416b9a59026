//! Certificate authorities that speak ACME (RFC 8555): one order from its beginning to the certificate. When orders are
//! made, for whom and how many is `control`'s to say.

mod client;

use crate::config::{self, Config};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use client::Guarded;
use control::order::{Answer, Asked, Authority, No, Obtained, Ordering, Show, Wish};
use domain::{Clock, Hostname, Secret};
use futures_util::FutureExt;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, Challenge, ChallengeType, Error, ExternalAccountKey,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use outbound::{AllowRule, Outbound, Policy};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use std::{path::Path, sync::Arc, time::Duration};

/// How long every node is given to hear what is to be shown, before the authority looks.
const SPREAD: Duration = Duration::from_secs(2);
/// How the authority is asked whether it is done.
const POLL: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(90));
/// How long an authority is left alone that wants to be, and does not say for how long.
const REST: Duration = Duration::from_secs(3_600);

/// How this installation orders certificates; none if it does not.
///
/// # Errors
/// Words for the operator.
pub(crate) fn ordering(config: &Config, clock: &Clock) -> Result<Option<Ordering>, String> {
    let Some(acme) = &config.acme else { return Ok(None) };
    let outbound = Outbound::new(outgoing(config, acme), clock.clone());
    let outbound = outbound.map_err(|error| format!("acme.roots: {error}"))?;
    outbound.admit(&acme.directory).map_err(|error| format!("acme.directory: {error}"))?;
    let kinds = acme.challenges.iter().map(|challenge| match challenge {
        config::Challenge::Http => ChallengeType::Http01,
        config::Challenge::TlsAlpn => ChallengeType::TlsAlpn01,
    });
    let binding = acme.binding.as_ref().map(|(id, file)| binding(id, file)).transpose()?;
    let authority = Acme {
        outbound,
        binding,
        directory: acme.directory.clone(),
        contact: acme.contact.iter().map(|address| format!("mailto:{address}")).collect(),
        kinds: kinds.collect(),
    };
    Ok(Some(Ordering {
        authority: Arc::new(authority),
        directory: acme.directory.clone(),
        per_hour: acme.per_hour,
        per_tenant: acme.per_tenant,
        retry: acme.retry,
    }))
}

/// The account at the authority that ours is bound to.
fn binding(id: &str, file: &Path) -> Result<ExternalAccountKey, String> {
    let says = |why: &str| format!("acme.binding_key: {}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| says(&error.to_string()))?;
    let key = BASE64_URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('='));
    let key = key.map_err(|_| says("this is no key in base64url"))?;
    if key.is_empty() {
        return Err(says("there is no key in it"));
    }
    Ok(ExternalAccountKey::new(id.to_owned(), &key))
}

/// A client of its own: the operator named the directory, and where that leads is open to nobody else's calls.
fn outgoing(config: &Config, acme: &config::Acme) -> Policy {
    let mut policy = crate::assemble::outgoing(config);
    let host = acme.directory.trim_start_matches("https://").split('/').next().unwrap_or_default();
    // A public address needs no rule, and has none.
    policy.allow.extend(host.parse::<AllowRule>().ok());
    policy.extra_roots = acme.roots.clone().or(policy.extra_roots);
    policy
}

/// An ACME server.
struct Acme {
    outbound: Outbound,
    directory: String,
    binding: Option<ExternalAccountKey>,
    contact: Vec<String>,
    kinds: Vec<ChallengeType>,
}

impl Authority for Acme {
    fn open(&self) -> Answer<'_, Secret<String>> {
        self.open_account().boxed()
    }

    fn obtain<'a>(&'a self, wish: Wish<'a>, show: Show<'a>) -> Answer<'a, Obtained> {
        self.order(wish, show).boxed()
    }
}

impl Acme {
    async fn open_account(&self) -> Result<Secret<String>, No> {
        let client = Guarded::new(&self.outbound);
        let contact: Vec<&str> = self.contact.iter().map(String::as_str).collect();
        let account =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let opened = Account::builder_with_http(Box::new(client.clone()))
            .create(&account, self.directory.clone(), self.binding.as_ref())
            .await;
        let (_, credentials) = opened.map_err(|error| no(&error, &client))?;
        let text = serde_json::to_string(&credentials);
        text.map(Secret::new).map_err(|_| No::because("the account cannot be written down"))
    }

    async fn order(&self, wish: Wish<'_>, show: Show<'_>) -> Result<Obtained, No> {
        let client = Guarded::new(&self.outbound);
        let says = |error: Error| no(&error, &client);
        let credentials: AccountCredentials = serde_json::from_str(wish.account.reveal())
            .map_err(|_| No::because("the account at the certificate authority cannot be read"))?;
        let account = Account::builder_with_http(Box::new(client.clone()))
            .from_credentials(credentials)
            .await
            .map_err(says)?;
        let names = [Identifier::Dns(wish.host.as_str().to_owned())];
        let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(says)?;
        self.prove(&mut order, wish.tries, show, &client).await?;
        match order.poll_ready(&POLL).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) | Err(Error::Api(_)) => return Err(refused(&mut order).await),
            Err(error) => return Err(says(error)),
        }
        let (request, key) = signing_request(wish.host).map_err(No::because)?;
        order.finalize_csr(&request).await.map_err(says)?;
        let chain = order.poll_certificate(&POLL).await.map_err(says)?;
        Ok(Obtained { chain, key })
    }

    /// Shows what is asked for, and says that it can be looked at. An authority that has seen a proof lately asks for
    /// none.
    async fn prove(&self, order: &mut Order, tries: i64, show: Show<'_>, client: &Guarded) -> Result<(), No> {
        let says = |error: Error| no(&error, client);
        let mut authorizations = order.authorizations();
        // One name was asked for, so that there is one to prove.
        let Some(authorization) = authorizations.next().await else { return Ok(()) };
        let mut authorization = authorization.map_err(says)?;
        if authorization.status == AuthorizationStatus::Valid {
            return Ok(());
        }
        let kind = self.choose(&authorization.challenges, tries);
        let kind =
            kind.ok_or_else(|| No::because("the certificate authority asks in no way that is set up here"))?;
        let challenge = authorization.challenge(kind);
        let mut challenge =
            challenge.ok_or_else(|| No::because("the certificate authority asks for nothing"))?;
        let answer = challenge.key_authorization().as_str().to_owned();
        show(Asked { token: challenge.token.clone(), answer }).await?;
        tokio::time::sleep(SPREAD).await;
        challenge.set_ready().await.map_err(says)
    }

    /// The dearest way of those on offer; each further try takes the next.
    fn choose(&self, offered: &[Challenge], tries: i64) -> Option<ChallengeType> {
        let is_offered = |kind: &&ChallengeType| offered.iter().any(|one| one.r#type == **kind);
        let ours: Vec<&ChallengeType> = self.kinds.iter().filter(is_offered).collect();
        let turn = usize::try_from(tries).unwrap_or_default().checked_rem(ours.len())?;
        ours.get(turn).map(|kind| (*kind).clone())
    }
}

/// What is signed, and the key that it is for.
fn signing_request(host: &Hostname) -> Result<(Vec<u8>, Secret<String>), String> {
    let says = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate().map_err(says)?;
    let mut wanted = CertificateParams::new([host.as_str().to_owned()]).map_err(says)?;
    wanted.distinguished_name = DistinguishedName::new();
    let request = wanted.serialize_request(&key).map_err(says)?;
    Ok((request.der().to_vec(), Secret::new(key.serialize_pem())))
}

/// What the authority saw when it looked.
async fn refused(order: &mut Order) -> No {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let seen = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()?.detail.clone());
        if let Some(seen) = seen {
            return No::because(format!("the certificate authority did not find what it looked for: {seen}"));
        }
    }
    No::because("the certificate authority refused, and did not say why")
}

fn no(error: &Error, client: &Guarded) -> No {
    match error {
        Error::Api(problem) => {
            let kind = problem.r#type.as_deref().unwrap_or_default();
            let wants_rest = kind.ends_with(":rateLimited") || problem.status == Some(503);
            let rest = wants_rest.then(|| client.asked_to_wait().unwrap_or(REST));
            let detail = problem.detail.as_deref().unwrap_or(kind);
            No { why: format!("the certificate authority refused: {detail}"), rest }
        }
        Error::Timeout(_) => No::because("the certificate authority was not done in time"),
        other => {
            // Where it is and how it fails is the operator's business.
            tracing::warn!(error = %other, "the certificate authority cannot be asked: {other}");
            No { why: "the certificate authority cannot be asked".into(), rest: client.asked_to_wait() }
        }
    }
}
