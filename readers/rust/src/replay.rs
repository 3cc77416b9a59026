//! Nonces seen within the time that a proof is good for.

use std::collections::HashSet;

use aws_lc_rs::digest;

use crate::{ContextError, TOLERANCE};

/// How long a generation collects. A proof made ten seconds in our future is good for twenty more, so a
/// nonce must be remembered for longer than that.
const GENERATION: i64 = 2 * TOLERANCE + 1;

/// Two generations of nonces: the one that collects and the one before. Forgetting is dropping the older
/// one whole, so nothing has to be searched for what is out of date.
pub(crate) struct Replays {
    capacity: usize,
    since: i64,
    current: HashSet<[u8; 16]>,
    previous: HashSet<[u8; 16]>,
}

impl Replays {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, since: i64::MIN, current: HashSet::new(), previous: HashSet::new() }
    }

    /// Remembers the nonce, or refuses: it was seen before, or there is no room left. Without room it
    /// refuses rather than forgets, because forgetting would let a replay through.
    pub(crate) fn remember(&mut self, nonce: &str, now: i64) -> Result<(), ContextError> {
        self.turn(now);
        let mark = mark(nonce);
        if self.current.contains(&mark) || self.previous.contains(&mark) {
            return Err(ContextError::Replayed);
        }
        if self.current.len() + self.previous.len() >= self.capacity {
            return Err(ContextError::Overwhelmed);
        }
        self.current.insert(mark);
        Ok(())
    }

    fn turn(&mut self, now: i64) {
        let age = now.saturating_sub(self.since);
        // A clock set right after running ahead turns too, or the room would fill until it caught up.
        if age.abs() < GENERATION {
            return;
        }
        self.previous = std::mem::take(&mut self.current);
        if age >= 2 * GENERATION {
            self.previous.clear();
        }
        self.since = now;
    }
}

/// A fixed-size stand-in for a nonce, so that a long one costs no more than a short one.
fn mark(nonce: &str) -> [u8; 16] {
    let hash = digest::digest(&digest::SHA256, nonce.as_bytes());
    hash.as_ref()[..16].try_into().expect("a SHA-256 hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_refused_for_as_long_as_its_proof_is_good() {
        let mut replays = Replays::new(100);
        assert_eq!(replays.remember("a", 1_000), Ok(()));
        for now in 1_000..=1_020 {
            assert_eq!(replays.remember("a", now), Err(ContextError::Replayed), "at {now}");
        }
    }

    #[test]
    fn a_nonce_noted_just_before_the_turn_is_still_known_after_it() {
        let mut replays = Replays::new(100);
        replays.remember("first", 1_000).unwrap();
        replays.remember("late", 1_020).unwrap();
        assert_eq!(replays.remember("late", 1_021), Err(ContextError::Replayed));
        assert_eq!(replays.remember("late", 1_041), Err(ContextError::Replayed));
    }

    #[test]
    fn old_nonces_make_room() {
        let mut replays = Replays::new(2);
        replays.remember("a", 1_000).unwrap();
        replays.remember("b", 1_000).unwrap();
        assert_eq!(replays.remember("c", 1_001), Err(ContextError::Overwhelmed));
        assert_eq!(replays.remember("c", 1_050), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_forgets_nothing() {
        let mut replays = Replays::new(100);
        replays.remember("a", 1_000).unwrap();
        assert_eq!(replays.remember("a", 900), Err(ContextError::Replayed));
    }
}
