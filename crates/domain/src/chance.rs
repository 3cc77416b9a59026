//! Randomness as a value that is handed in. Outside tests it is the system's, and only that.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The source of every random value: ids, tokens, nonces.
#[derive(Clone, Debug)]
pub struct Chance(SystemRandom);

impl Chance {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Chance(SystemRandom::new())
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).expect("a system without randomness cannot run us safely");
        bytes
    }

    /// A token of 256 bits in base64url, for everything that a stranger must not guess.
    pub fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }
}
