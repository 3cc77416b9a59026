//! Sealing at rest: AES-256-GCM under a key with an id, so that the key can be rolled.
//!
//! A sealed text says under which key it was sealed and is bound to a purpose (its place in the
//! database), so that a sealed value moved to another row does not open there.

use crate::{Chance, Digest, digest::MacKey};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;

/// A sealed value in its text form, `<key id>.<base64url of nonce, ciphertext and tag>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

/// A sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key with that id is at hand.
    #[error("sealed under a key that is not at hand; give the previous master key as well")]
    UnknownKey,
    /// The value was altered, truncated, or sealed for another place.
    #[error("the sealed value is altered or belongs elsewhere")]
    Broken,
}

impl Sealed {
    /// From a column. Nothing is checked until it is opened.
    pub fn from_text(text: String) -> Self {
        Sealed(text)
    }

    /// For a column.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// One 256-bit key that seals and opens.
#[derive(Clone)]
pub struct SealingKey {
    id: String,
    bytes: [u8; 32],
}

impl SealingKey {
    /// From 32 bytes; its id is the beginning of its hash.
    pub fn new(bytes: [u8; 32]) -> Self {
        let id = Digest::of_parts(&[b"partywall sealing key id", &bytes]).to_string()[..12].to_owned();
        SealingKey { id, bytes }
    }

    /// A fresh key.
    pub fn generate(chance: &Chance) -> Self {
        Self::new(chance.bytes())
    }

    /// The public name of this key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, to be sealed under another or written to a file of mode 0600.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals `plain` for `purpose`.
    pub fn seal(&self, purpose: &str, plain: &[u8], chance: &Chance) -> Sealed {
        let nonce: [u8; NONCE_LEN] = chance.bytes();
        let mut buffer = plain.to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut buffer,
            )
            .expect("AES-GCM seals anything shorter than 64 GiB");
        let whole = [nonce.as_slice(), &buffer].concat();
        Sealed(format!("{}.{}", self.id, BASE64_URL_SAFE_NO_PAD.encode(whole)))
    }

    /// Opens what was sealed under this key for `purpose`.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] for another key's work, [`SealError::Broken`] for an altered value.
    pub fn open(&self, purpose: &str, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let (id, body) = sealed.0.split_once('.').ok_or(SealError::Broken)?;
        if id != self.id {
            return Err(SealError::UnknownKey);
        }
        let whole = BASE64_URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Broken)?;
        let (nonce, cipher) = whole.split_at_checked(NONCE_LEN).ok_or(SealError::Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
        let mut buffer = cipher.to_vec();
        let plain = self
            .cipher()
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut buffer)
            .map_err(|_| SealError::Broken)?;
        Ok(plain.to_vec())
    }

    /// A key for HMAC, derived for one `label`.
    pub fn derive_mac(&self, label: &str) -> MacKey {
        MacKey::new(MacKey::new(&self.bytes).sign(&[b"partywall derive ", label.as_bytes()]).bytes())
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.bytes).expect("the key has 32 bytes"))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// The key above all others: the one that seals now, and earlier ones that still open.
#[derive(Clone, Debug)]
pub struct MasterKey {
    current: SealingKey,
    previous: Vec<SealingKey>,
}

impl MasterKey {
    /// A master key that seals with `current` and also opens what `previous` ones sealed.
    pub fn new(current: SealingKey, previous: Vec<SealingKey>) -> Self {
        MasterKey { current, previous }
    }

    /// The key that seals now.
    pub fn current(&self) -> &SealingKey {
        &self.current
    }

    /// Seals under the current key.
    pub fn seal(&self, purpose: &str, plain: &[u8], chance: &Chance) -> Sealed {
        self.current.seal(purpose, plain, chance)
    }

    /// Opens under whichever key sealed it.
    ///
    /// # Errors
    /// As [`SealingKey::open`].
    pub fn open(&self, purpose: &str, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let id = sealed.0.split_once('.').map(|(id, _)| id).ok_or(SealError::Broken)?;
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id == id)
            .ok_or(SealError::UnknownKey)?
            .open(purpose, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_for_the_same_purpose_only() {
        let chance = Chance::system();
        let key = SealingKey::generate(&chance);
        let sealed = key.seal("connection con_1", b"secret", &chance);
        assert_eq!(key.open("connection con_1", &sealed).as_deref(), Ok(b"secret".as_slice()));
        assert_eq!(key.open("connection con_2", &sealed), Err(SealError::Broken));
        assert!(!sealed.as_str().contains("secret"));
    }

    #[test]
    fn a_rolled_master_key_still_opens_what_the_old_one_sealed() {
        let chance = Chance::system();
        let [old, new] = [SealingKey::generate(&chance), SealingKey::generate(&chance)];
        let sealed = MasterKey::new(old.clone(), vec![]).seal("x", b"y", &chance);
        assert!(MasterKey::new(new.clone(), vec![old]).open("x", &sealed).is_ok());
        assert_eq!(MasterKey::new(new, vec![]).open("x", &sealed), Err(SealError::UnknownKey));
    }
}
