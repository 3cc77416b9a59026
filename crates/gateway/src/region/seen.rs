//! What other nodes handed on to this one lately, so that nothing is taken twice: whoever gets hold of such a request
//! can do nothing with it that was not done. Only what is signed is remembered, in bounded room.

use super::hop::{Nonce, WINDOW};
use crate::limits::MOST_HOPS_KNOWN;
use domain::Moment;
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// Parts of the memory that are locked apart.
const PARTS: usize = 16;
/// For how long a signed word is good: it may be a little early and a little late.
const SPAN: i64 = 2 * WINDOW + 1;

/// Two spans of time: what came in this one and in the one before.
#[derive(Debug, Default)]
struct Part {
    begun: i64,
    now: HashSet<Nonce>,
    before: HashSet<Nonce>,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Seen([Mutex<Part>; PARTS]);

/// What was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    New,
    Known,
    /// Nobody can say, because there is no room to remember it.
    Unclear,
}

impl Seen {
    /// Whether this came before; from now on it did.
    pub(super) fn take(&self, nonce: Nonce, now: Moment) -> Is {
        let part = &self.0[usize::from(nonce[0]) % PARTS];
        part.lock().unwrap_or_else(PoisonError::into_inner).take(nonce, now.seconds())
    }
}

impl Part {
    fn take(&mut self, nonce: Nonce, now: i64) -> Is {
        if now.saturating_sub(self.begun) >= SPAN {
            let was_long_ago = now.saturating_sub(self.begun) >= 2 * SPAN;
            self.before = std::mem::take(&mut self.now);
            if was_long_ago {
                self.before.clear();
            }
            self.begun = now;
        }
        if self.now.contains(&nonce) || self.before.contains(&nonce) {
            return Is::Known;
        }
        if self.now.len() >= MOST_HOPS_KNOWN / PARTS {
            return Is::Unclear;
        }
        self.now.insert(nonce);
        Is::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_micros((1_800_000_000 + seconds) * 1_000_000)
    }

    fn nonce(number: u128) -> Nonce {
        number.to_be_bytes()
    }

    #[test]
    fn what_came_once_is_known_for_as_long_as_it_would_be_believed() {
        let seen = Seen::default();
        // Whenever it first comes in a span, the end of its time is before that of the memory.
        for begin in [0, 5, SPAN - 1] {
            let one = nonce(begin as u128 + 100);
            assert_eq!(seen.take(one, at(begin)), Is::New);
            for later in 0..=2 * WINDOW {
                assert_eq!(seen.take(one, at(begin + later)), Is::Known, "{begin} and {later}");
            }
        }
        assert_eq!(seen.take(nonce(100), at(1_000)), Is::New, "nobody believes it any more");
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_taken_that_cannot_be_remembered() {
        let seen = Seen::default();
        let taken = (0..2 * MOST_HOPS_KNOWN as u128 / PARTS as u128)
            .map(nonce)
            .filter(|one| seen.take(*one, at(0)) == Is::New)
            .count();
        assert_eq!(taken, MOST_HOPS_KNOWN / PARTS);
        assert_eq!(seen.take(nonce(u128::from(u64::MAX)), at(1)), Is::Unclear);
        assert_eq!(seen.take(nonce(u128::from(u64::MAX)), at(SPAN)), Is::New, "room comes with time");
    }
}
