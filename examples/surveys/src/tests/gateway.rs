//! A stand-in for the gateway: it signs contexts and proofs as docs/wire.md says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{digest, hmac, rand, signature};
use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use partywall_reader::{KeySource, Reader, ReaderConfig, Tenant};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{App, Shelf, router};

const NOW: i64 = 1_790_000_000;
const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "dep_surveys";
const SECRET: &str = "a proof secret only for tests";

pub(super) struct Organisation {
    id: &'static str,
    slug: &'static str,
    name: &'static str,
}

pub(super) const CONTOSO: Organisation = Organisation { id: "tnt_contoso", slug: "contoso", name: "Contoso" };
pub(super) const FABRIKAM: Organisation =
    Organisation { id: "tnt_fabrikam", slug: "fabrikam", name: "Fabrikam" };

/// The application with a gateway before it.
pub(super) struct House {
    router: Router,
    key: EncodingKey,
    nonce: Arc<AtomicU64>,
    folder: TempDir,
}

impl House {
    pub(super) fn new() -> Self {
        let signing = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 =
            signature::EcdsaKeyPair::generate_pkcs8(signing, &rand::SystemRandom::new()).expect("a key");
        let key = EncodingKey::from_ec_der(pkcs8.as_ref());
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { router: start(&key, &folder), key, nonce: Arc::default(), folder }
    }

    pub(super) fn restarted(self) -> Self {
        Self { router: start(&self.key, &self.folder), ..self }
    }

    /// A request straight to the application, past the gateway.
    pub(super) async fn bare(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        Answer::of(self.router.clone(), request).await
    }

    pub(super) fn nobody(&self, at: &Organisation) -> Caller<'_> {
        self.caller(at, json!({}), String::new())
    }

    pub(super) fn person(&self, at: &Organisation, name: &str, roles: &[&str]) -> Caller<'_> {
        let email = format!("{name}@{}.test", at.slug);
        let who = json!({
            "sub": format!("usr_{name}"), "roles": roles, "sid": "session",
            "member": { "id": format!("mbr_{name}"), "name": name, "email": email },
        });
        self.caller(at, who, roles.join(","))
    }

    fn caller(&self, at: &Organisation, who: Value, roles: String) -> Caller<'_> {
        let tenant = Tenant { id: at.id.into(), slug: at.slug.into(), name: at.name.into() };
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "nbf": NOW, "exp": NOW + 60, "tenant": tenant,
        });
        let said = who.as_object().expect("an object").clone();
        claims.as_object_mut().expect("an object").extend(said);
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("partywall-context+jwt".into());
        header.kid = Some("key_1".into());
        let token = encode(&header, &claims, &self.key).expect("a token");
        let user = who["sub"].as_str().map(str::to_owned);
        Caller { house: self, token, tenant: at.id, host: at.slug, user, roles, more: Vec::new() }
    }

    fn proof(&self, method: &str, target: &str, token: &str) -> String {
        let nonce = format!("nonce-{}", self.nonce.fetch_add(1, Ordering::Relaxed));
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
        let signed = format!("partywall-proof-1\n{NOW}\n{nonce}\n{method}\n{target}\n{hash}");
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), signed.as_bytes());
        format!("t={NOW},n={nonce},v={}", URL_SAFE_NO_PAD.encode(code))
    }
}

fn start(key: &EncodingKey, folder: &TempDir) -> Router {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).expect("a public key");
    jwk.common.key_id = Some("key_1".into());
    let keys = KeySource::fixed(json!({ "keys": [jwk] }).to_string());
    let mut config = ReaderConfig::new(AUDIENCE, ISSUER, keys, SECRET);
    config.clock = || NOW;
    let reader = Reader::new(config).expect("a reader");
    let shelf = Shelf::open(folder.path()).expect("a shelf");
    router(App::new(reader, shelf, Some("https://console.example.com/".into())))
}

/// Somebody at an organisation, through the gateway.
#[derive(Clone)]
pub(super) struct Caller<'h> {
    house: &'h House,
    token: String,
    tenant: &'static str,
    host: &'static str,
    user: Option<String>,
    roles: String,
    more: Vec<(String, String)>,
}

impl Caller<'_> {
    /// The same caller, whose requests carry one more header.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.more.push((name.to_owned(), value.to_owned()));
        other
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.house.router.clone(), self.request("GET", path, None, Body::empty())).await
    }

    pub(super) async fn post(&self, path: &str, form: &str) -> Answer {
        let kind = Some("application/x-www-form-urlencoded");
        Answer::of(self.house.router.clone(), self.request("POST", path, kind, Body::from(form.to_owned())))
            .await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = Body::from(body.to_string());
        Answer::of(self.house.router.clone(), self.request(method, path, Some("application/json"), body))
            .await
    }

    pub(super) async fn watch(&self, path: &str) -> Watching {
        let request = self.request("GET", path, None, Body::empty());
        let response = self.house.router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Watching(response.into_body().into_data_stream())
    }

    fn request(&self, method: &str, path: &str, kind: Option<&str>, body: Body) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", format!("{}.example.com", self.host))
            .header("partywall-context", &self.token)
            .header("partywall-proof", self.house.proof(method, path, &self.token))
            .header("partywall-tenant", self.tenant);
        if let Some(user) = &self.user {
            request = request.header("partywall-user", user).header("partywall-roles", &self.roles);
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        for (name, value) in &self.more {
            request = request.header(name, value);
        }
        request.body(body).expect("a request")
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: String,
    pub(super) policy: String,
    pub(super) body: String,
}

impl Answer {
    async fn of(router: Router, request: Request<Body>) -> Self {
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let location = header(response.headers(), "location");
        let policy = header(response.headers(), "content-security-policy");
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        Self { status, location, policy, body: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

/// An open stream of events.
pub(super) struct Watching(BodyDataStream);

impl Watching {
    pub(super) async fn next(&mut self) -> String {
        let piece = self.0.next().await.expect("the stream goes on").expect("a piece");
        String::from_utf8(piece.to_vec()).expect("text")
    }
}
