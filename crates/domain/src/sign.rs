//! Signatures that others check: ECDSA over P-256 with SHA-256, the ES256 of JOSE (RFC 7518 section 3.4).
//!
//! The key pair is parsed once and kept: parsing it for every signature costs more than half as much
//! again as signing.

use crate::{Chance, Secret};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    },
};
use std::fmt;

/// A private key that signs.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: VerifyingKey,
}

/// The public half: what is published, and what checks a signature.
#[derive(Clone)]
pub struct VerifyingKey {
    /// Uncompressed: 0x04, then x, then y.
    point: [u8; 65],
    parsed: ParsedPublicKey,
}

/// The bytes are no P-256 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a P-256 key")]
pub struct BadKey;

impl SigningKey {
    /// A fresh key. The library draws from the system's randomness itself, which is the only one
    /// that [`Chance`] gives; it is asked for so that nobody without chance makes keys.
    pub fn generate(_chance: &Chance) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("a system without randomness cannot run us safely");
        Self::of(pair).expect("the public half of a fresh key is a point on the curve")
    }

    /// From PKCS #8, the form in which it is sealed and stored.
    ///
    /// # Errors
    /// [`BadKey`] if the bytes are anything else than a P-256 private key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, BadKey> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes)
            .map_err(|_| BadKey)
            .and_then(Self::of)
    }

    /// As PKCS #8, to be sealed before it is stored.
    pub fn to_pkcs8(&self) -> Secret<Vec<u8>> {
        Secret::new(self.pair.to_pkcs8v1().expect("a key that was parsed can be written").as_ref().to_vec())
    }

    /// The signature over `message`: r and s, 32 bytes each.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(&SystemRandom::new(), message).expect("a kept key signs any message");
        signature.as_ref().try_into().expect("a fixed P-256 signature has 64 bytes")
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, BadKey> {
        let public = VerifyingKey::of(pair.public_key().as_ref())?;
        Ok(SigningKey { pair, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl VerifyingKey {
    /// From the two coordinates of its point.
    ///
    /// # Errors
    /// [`BadKey`] if they are not 32 bytes each or lie off the curve.
    pub fn from_coordinates(x: &[u8], y: &[u8]) -> Result<Self, BadKey> {
        if x.len() != 32 || y.len() != 32 {
            return Err(BadKey);
        }
        Self::of(&[&[4], x, y].concat())
    }

    /// The x coordinate, 32 bytes.
    pub fn x(&self) -> &[u8] {
        &self.point[1..33]
    }

    /// The y coordinate, 32 bytes.
    pub fn y(&self) -> &[u8] {
        &self.point[33..]
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    fn of(point: &[u8]) -> Result<Self, BadKey> {
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| BadKey)?;
        Ok(VerifyingKey { point: point.try_into().map_err(|_| BadKey)?, parsed })
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_signs_as_the_one_that_was_made() {
        let made = SigningKey::generate(&Chance::system());
        let stored = SigningKey::from_pkcs8(made.to_pkcs8().reveal()).unwrap();
        assert_eq!(made.public(), stored.public());
        assert!(made.public().verifies(b"text", &stored.sign(b"text")));
    }

    #[test]
    fn an_altered_text_or_signature_and_a_foreign_key_are_refused() {
        let [ours, theirs] = [(); 2].map(|()| SigningKey::generate(&Chance::system()));
        let mut signature = ours.sign(b"text");
        assert!(!ours.public().verifies(b"test", &signature));
        assert!(!theirs.public().verifies(b"text", &signature));
        assert!(!ours.public().verifies(b"text", &signature[..63]));
        signature[40] ^= 1;
        assert!(!ours.public().verifies(b"text", &signature));
    }

    #[test]
    fn a_public_key_is_its_two_coordinates() {
        let key = SigningKey::generate(&Chance::system());
        let (x, y) = (key.public().x(), key.public().y());
        assert_eq!(VerifyingKey::from_coordinates(x, y).as_ref(), Ok(key.public()));
        assert!(VerifyingKey::from_coordinates(y, x).is_err(), "a point off the curve");
        assert!(VerifyingKey::from_coordinates(&x[1..], y).is_err());
        assert!(SigningKey::from_pkcs8(b"no key").is_err());
    }

    #[test]
    fn a_private_key_does_not_print() {
        assert_eq!(format!("{:?}", SigningKey::generate(&Chance::system())), "SigningKey(…)");
    }
}
