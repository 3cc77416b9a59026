//! Somebody who signs bearer tokens, as an organisation's authorization server would: a key of ES256, the address
//! where it is published, and tokens.

use crate::{fill::Person, node};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// Who its tokens are for.
pub(crate) const AUDIENCE: &str = "https://api.bench.test";
/// What they allow.
pub(crate) const SCOPE: &str = "bench.read";

/// Whatever ends in `.localhost` is this machine.
const HOST: &str = "keys.localhost";
const KEY: &str = "bench";
/// How long a token is good, in seconds: longer than any run.
const LIFE: u64 = 24 * 3_600;

/// What stands before the 65 bytes of a point of P-256 in its `SubjectPublicKeyInfo` (RFC 5480 section 2).
const BEFORE_POINT: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An issuer whose keys can be fetched.
pub(crate) struct Issuer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    port: u16,
    folder: PathBuf,
}

impl Issuer {
    /// Makes a key and publishes it by https on loopback, with a certificate of its own authority.
    pub(crate) async fn open(folder: &Path) -> Result<Self, String> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| "a key could not be made")?;
        let certified =
            rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(|error| error.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let issuer = Issuer { key, random: SystemRandom::new(), port, folder: folder.to_owned() };
        issuer.write(&issuer.roots(), certified.cert.pem())?;
        issuer.write(&issuer.public_key(), issuer.pem())?;
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], secret)
            .map_err(|error| error.to_string())?;
        tokio::spawn(publish(listener, TlsAcceptor::from(Arc::new(tls)), issuer.key_set().into()));
        Ok(issuer)
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        format!("https://{HOST}:{}", self.port)
    }

    /// What a node must be told to fetch its keys.
    pub(crate) fn settings(&self) -> Vec<String> {
        let (roots, port) = (self.roots().display().to_string(), self.port);
        vec![format!("outbound.allow={HOST}:{port}"), format!("outbound.extra_roots={roots}")]
    }

    /// Registers it at a running node, for all tenants.
    pub(crate) async fn register(&self, node: &node::Cli<'_>) -> Result<(), String> {
        let keys = format!("{}/keys", self.name());
        let rules =
            ["--audience", AUDIENCE, "--tenant-claim", "tenant", "--all-tenants", "--jwks-uri", &keys];
        node.run(&[&["issuer", "add", &self.name()], &rules[..]].concat()).await.map(drop)
    }

    /// Where its public key lies as PEM.
    pub(crate) fn public_key(&self) -> PathBuf {
        self.folder.join("issuer.pem")
    }

    /// A token for this person's tenant. `number` makes it unlike others.
    pub(crate) fn token(&self, person: &Person, number: usize) -> Result<String, String> {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": KEY });
        let now = now();
        let claims = json!({
            "iss": self.name(), "aud": AUDIENCE, "sub": person.user.to_string(), "scope": SCOPE,
            "tenant": person.tenant.id.to_string(), "iat": now, "exp": now + LIFE, "jti": number.to_string(),
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(&header), part(&claims));
        let signature =
            self.key.sign(&self.random, said.as_bytes()).map_err(|_| "a token could not be signed")?;
        Ok(format!("{said}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    fn roots(&self) -> PathBuf {
        self.folder.join("issuer-roots.pem")
    }

    fn write(&self, file: &Path, text: String) -> Result<(), String> {
        fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn pem(&self) -> String {
        let info = [&BEFORE_POINT[..], self.key.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(info))
    }

    /// Its public key as it publishes it.
    pub(crate) fn key_set(&self) -> String {
        // An uncompressed point: a byte that says so, then both coordinates (RFC 5480 section 2.2).
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate));
        let key =
            json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY, "x": x, "y": y });
        json!({ "keys": [key] }).to_string()
    }
}

/// Answers everybody with the key set.
async fn publish(listener: TcpListener, tls: TlsAcceptor, keys: Bytes) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, keys) = (tls.clone(), keys.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let answer = service_fn(move |_| {
                let keys = Full::new(keys.clone());
                async move {
                    let mut answer = Response::new(keys);
                    let json = hyper::header::HeaderValue::from_static("application/json");
                    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
                    Ok::<_, Infallible>(answer)
                }
            });
            // Whoever asked notices by itself when a connection breaks.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "tokens are good from now on, by the machine's own clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
