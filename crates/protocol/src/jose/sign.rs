//! Making tokens of our own: ES256 with a key that is kept, and the key set that others check with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{SigningKey, VerifyingKey};
use serde_json::{Value, json};
use std::sync::Arc;

/// A kept key with its name. Nothing is parsed when it signs.
#[derive(Debug)]
pub struct Signer {
    kid: String,
    key: Arc<SigningKey>,
}

impl Signer {
    /// A signer whose tokens name `kid`.
    pub fn new(kid: impl Into<String>, key: impl Into<Arc<SigningKey>>) -> Self {
        Signer { kid: kid.into(), key: key.into() }
    }

    /// The name under which the key is published.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        self.key.public()
    }

    /// A token of the kind `typ` with these claims.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": typ });
        let mut token = String::with_capacity(1024);
        BASE64_URL_SAFE_NO_PAD.encode_string(header.to_string(), &mut token);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.key.sign(token.as_bytes());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

/// The JWK Set document of these keys, by name (RFC 7517 section 5).
pub fn published_key_set<'a>(keys: impl IntoIterator<Item = (&'a str, &'a VerifyingKey)>) -> Value {
    let entries = keys.into_iter().map(|(kid, key)| {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "alg": "ES256",
            "kid": kid,
            "x": BASE64_URL_SAFE_NO_PAD.encode(key.x()),
            "y": BASE64_URL_SAFE_NO_PAD.encode(key.y()),
        })
    });
    json!({ "keys": entries.collect::<Vec<_>>() })
}
