//! Randomness as a value that is handed in. Outside tests it is the system's, and only that.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::cell::RefCell;

/// How much is drawn at once for ids and nonces. The system's generator is seeded anew for each draw, which
/// costs as much for 16 bytes as for these.
const BLOCK: usize = 1_024;

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; BLOCK], used: BLOCK }) };
}

/// Random bytes that were drawn at once, and how many of them are used up.
struct Drawn {
    bytes: [u8; BLOCK],
    used: usize,
}

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

    /// `N` random bytes for what everybody may see and nobody else may have: an id, a nonce. Each is handed
    /// out once, from a block that its thread drew from the same source. Not for secrets, which are better
    /// not kept beside their neighbours.
    pub fn fresh<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= BLOCK) };
        DRAWN.with_borrow_mut(|drawn| {
            if BLOCK - drawn.used < N {
                *drawn = Drawn { bytes: self.bytes(), used: 0 };
            }
            let next = drawn.used + N;
            let bytes = drawn.bytes[drawn.used..next].try_into().expect("as many as were asked for");
            drawn.used = next;
            bytes
        })
    }

    /// A token of 256 bits in base64url, for everything that a stranger must not guess.
    pub fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_bytes_are_handed_out_twice() {
        let chance = Chance::system();
        let drawn: HashSet<[u8; 24]> = (0..10 * BLOCK / 24).map(|_| chance.fresh()).collect();
        assert_eq!(drawn.len(), 10 * BLOCK / 24);
        let elsewhere = std::thread::spawn(move || chance.fresh::<24>()).join().expect("it does not panic");
        assert!(!drawn.contains(&elsewhere));
    }
}
