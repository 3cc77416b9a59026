//! Hashes and keyed hashes: SHA-256 and HMAC-SHA256 from aws-lc-rs.

use aws_lc_rs::{constant_time, digest as lc, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{fmt, hash};

/// A SHA-256 hash or an HMAC-SHA256 code. Comparing two takes the same time wherever they differ.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// How many letters the text form of a digest has.
pub const LETTERS: usize = 43;

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::take(lc::digest(&lc::SHA256, bytes).as_ref())
    }

    /// SHA-256 of the concatenation of `parts`.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = lc::Context::new(&lc::SHA256);
        parts.iter().for_each(|part| context.update(part));
        Self::take(context.finish().as_ref())
    }

    /// From 32 bytes, as they come out of a column.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first half as a number, for counts that need no more of it.
    pub fn first_half(&self) -> u128 {
        self.0[..16].iter().fold(0, |all, byte| (all << 8) | u128::from(*byte))
    }

    /// From the text form; none if it is not 32 bytes of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Digest(bytes))
    }

    /// The text form: base64url without padding.
    pub fn letters(&self) -> [u8; LETTERS] {
        let mut letters = [0; LETTERS];
        BASE64_URL_SAFE_NO_PAD.encode_slice(self.0, &mut letters).expect("32 bytes make 43 letters");
        letters
    }

    fn take(bytes: &[u8]) -> Self {
        Digest(bytes.try_into().expect("SHA-256 gives 32 bytes"))
    }
}

/// SHA-256 of something that comes in pieces.
pub struct Hasher(lc::Context);

impl Default for Hasher {
    fn default() -> Self {
        Hasher(lc::Context::new(&lc::SHA256))
    }
}

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces, one after the other.
    pub fn finish(self) -> Digest {
        Digest::take(self.0.finish().as_ref())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

/// Over all bytes, which are those that are compared.
impl hash::Hash for Digest {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Base64url without padding: 43 characters.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.letters()).expect("base64url is ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key for HMAC-SHA256 (RFC 2104): keyed hashes of sign-in names, cookie and proof codes.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// From key bytes; 32 of them are right.
    pub fn new(key: &[u8]) -> Self {
        MacKey(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The code over the concatenation of `parts`. The caller keeps parts apart where that matters.
    pub fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        Digest::take(context.sign().as_ref())
    }

    /// Whether `code` is the code over `parts`.
    pub fn verifies(&self, parts: &[&[u8]], code: &Digest) -> bool {
        self.sign(parts) == *code
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_the_way_through_text() {
        let digest = Digest::of(b"abc");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(digest, Digest::of_parts(&[b"a", b"bc"]));
        let mut pieces = Hasher::default();
        [b"ab".as_slice(), b"c"].into_iter().for_each(|piece| pieces.update(piece));
        assert_eq!(digest, pieces.finish());
        assert_eq!(Digest::parse("abc"), None);
    }

    #[test]
    fn a_code_under_another_key_is_refused() {
        let code = MacKey::new(b"one").sign(&[b"text"]);
        assert!(MacKey::new(b"one").verifies(&[b"te", b"xt"], &code));
        assert!(!MacKey::new(b"two").verifies(&[b"text"], &code));
    }
}
