//! Values that nobody can guess.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A word of 256 bits.
#[must_use]
pub fn word() -> String {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}
