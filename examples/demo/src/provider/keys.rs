//! The key that id tokens are signed with.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{EncodingKey, Header, encode};
use parking_lot::RwLock;
use serde::Serialize;

use crate::provider::secret;

/// What a provider signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256.
    Es256,
    /// RSA with 2048 bits.
    Rs256,
}

impl Algorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    fn on_the_wire(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// The key in use, and the public half of the one before it, which stays published.
pub(super) struct SigningKey {
    algorithm: Algorithm,
    pairs: RwLock<Pairs>,
}

struct Pairs {
    current: Pair,
    before: Option<Jwk>,
}

struct Pair {
    private: EncodingKey,
    public: Jwk,
}

impl SigningKey {
    pub(super) fn generate(algorithm: Algorithm) -> Self {
        Self { algorithm, pairs: RwLock::new(Pairs { current: Pair::generate(algorithm), before: None }) }
    }

    pub(super) fn roll(&self) {
        let fresh = Pair::generate(self.algorithm);
        let mut pairs = self.pairs.write();
        let old = std::mem::replace(&mut pairs.current, fresh);
        pairs.before = Some(old.public);
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> String {
        let pairs = self.pairs.read();
        let mut header = Header::new(self.algorithm.on_the_wire());
        header.kid.clone_from(&pairs.current.public.common.key_id);
        encode(&header, claims, &pairs.current.private).expect("our own key signs our own claims")
    }

    pub(super) fn published(&self) -> JwkSet {
        let pairs = self.pairs.read();
        JwkSet { keys: std::iter::once(&pairs.current.public).chain(&pairs.before).cloned().collect() }
    }
}

impl Pair {
    fn generate(algorithm: Algorithm) -> Self {
        let private = match algorithm {
            Algorithm::Es256 => elliptic(),
            Algorithm::Rs256 => rsa(),
        };
        let mut public =
            Jwk::from_encoding_key(&private, algorithm.on_the_wire()).expect("a fresh key has a public half");
        public.common.key_id = Some(secret()[..16].to_owned());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Self { private, public }
    }
}

fn elliptic() -> EncodingKey {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .expect("the system has randomness");
    EncodingKey::from_ec_der(pkcs8.as_ref())
}

/// By way of PEM, because the JWT library takes the bare form of an RSA key only, and this is PKCS#8.
fn rsa() -> EncodingKey {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("the system has randomness");
    let pkcs8 = pair.as_der().expect("a fresh key can be written down");
    let body = STANDARD.encode(pkcs8.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("this is how PKCS#8 looks")
}
