//! The forger's workshop, for tests: providers' keys of every kind, good tokens, and whatever else
//! somebody might send.

use crate::jose::{Algorithm, JwkSet};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Moment;
use jsonwebtoken::{
    Algorithm as Library, EncodingKey, crypto,
    jwk::{AlgorithmParameters, Jwk},
};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData,
    RsaKeySize,
};
use serde_json::{Value, json};
use std::{sync::LazyLock, time::Duration};

pub(crate) const NOW: Moment = Moment::from_seconds(1_800_000_000);
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);
pub(crate) const ISSUER: &str = "https://idp.contoso.test";
pub(crate) const CLIENT: &str = "partywall";
pub(crate) const NONCE: &str = "the-nonce-of-this-sign-in";

/// A private key somewhere, and its public half as its owner publishes it, without name and purpose.
pub(crate) struct Forger {
    key: EncodingKey,
    jwk: Value,
}

pub(crate) static RSA: LazyLock<Forger> = LazyLock::new(|| {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    let AlgorithmParameters::RSA(public) = Jwk::from_encoding_key(&key, Library::RS256).unwrap().algorithm
    else {
        panic!("an RSA key has RSA parameters")
    };
    Forger { key, jwk: json!({ "kty": "RSA", "n": public.n, "e": public.e }) }
});

pub(crate) static P256: LazyLock<Forger> = LazyLock::new(fresh_p256);

pub(crate) static P384: LazyLock<Forger> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    Forger { key: EncodingKey::from_ec_der(&pair.serialize_der()), jwk: point("P-384", &pair) }
});

pub(crate) static ED25519: LazyLock<Forger> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.der_bytes());
    Forger {
        key: EncodingKey::from_ed_der(&pair.serialize_der()),
        jwk: json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
    }
});

/// A P-256 key that nobody else has.
pub(crate) fn fresh_p256() -> Forger {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    Forger { key: EncodingKey::from_ec_der(&pair.serialize_der()), jwk: point("P-256", &pair) }
}

fn point(curve: &str, pair: &KeyPair) -> Value {
    let bytes = &pair.der_bytes()[1..];
    let [x, y] =
        [0, 1].map(|half| BASE64_URL_SAFE_NO_PAD.encode(&bytes[half * bytes.len() / 2..][..bytes.len() / 2]));
    json!({ "kty": "EC", "crv": curve, "x": x, "y": y })
}

/// The forger who can sign with this algorithm.
pub(crate) fn forger(algorithm: Algorithm) -> &'static Forger {
    match algorithm {
        Algorithm::Es256 => &P256,
        Algorithm::Es384 => &P384,
        Algorithm::EdDsa => &ED25519,
        _ => &RSA,
    }
}

impl Forger {
    /// The public half with further members.
    pub(crate) fn jwk(&self, further: Value) -> Value {
        with(self.jwk.clone(), further)
    }

    /// A token with exactly this header and these claims, rightly signed.
    pub(crate) fn sign_text(&self, algorithm: &str, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.key, algorithm.parse().unwrap()).unwrap();
        format!("{signed}.{signature}")
    }

    /// A token of this algorithm under the name `k1`.
    pub(crate) fn sign(&self, algorithm: &str, claims: &Value) -> String {
        self.sign_with(algorithm, json!({}), claims)
    }

    /// A token under the name `k1` with further members in its header.
    pub(crate) fn sign_with(&self, algorithm: &str, further: Value, claims: &Value) -> String {
        let header = with(json!({ "alg": algorithm, "kid": "k1" }), further);
        self.sign_text(algorithm, &header.to_string(), &claims.to_string())
    }
}

/// Base64url, as the parts of a token are.
pub(crate) fn encode(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// `base` with the members of `further` put over its own; null removes one.
pub(crate) fn with(mut base: Value, further: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, value) in further.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    base
}

/// The key set of these entries.
pub(crate) fn key_set(entries: &[Value]) -> JwkSet {
    JwkSet::parse(json!({ "keys": entries }).to_string().as_bytes()).unwrap()
}

/// What Contoso's provider says of Alice.
pub(crate) fn alice() -> Value {
    json!({
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "alice-at-contoso",
        "nonce": NONCE,
        "iat": NOW.seconds(),
        "exp": NOW.seconds() + 300,
        "name": "Alice Example",
        "email": "alice@contoso.test",
        "email_verified": true,
    })
}
