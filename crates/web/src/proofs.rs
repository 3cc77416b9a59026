//! Proofs of possession that were shown to this node lately (RFC 9449 section 11.1): each is taken once.

use domain::{Digest, Moment};
use parking_lot::Mutex;
use quick_cache::sync::Cache;

/// How many are remembered. A proof is good for a minute.
const MOST: usize = 100_000;

/// Marks of proofs, each with the end of its time.
pub struct Proofs {
    known: Cache<Digest, Moment>,
    /// Looking and noting are one step, or two who show the same proof at once would both be believed.
    taking: Mutex<()>,
}

impl Default for Proofs {
    fn default() -> Self {
        Proofs { known: Cache::new(MOST), taking: Mutex::default() }
    }
}

impl Proofs {
    /// Takes a proof that is good until then; gives whether it was not shown here before.
    pub fn take(&self, mark: Digest, until: Moment, now: Moment) -> bool {
        let _alone = self.taking.lock();
        let was_shown = self.known.get(&mark).is_some_and(|until| now < until);
        self.known.insert(mark, until);
        !was_shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[test]
    fn a_proof_that_is_shown_by_many_at_once_is_taken_by_one() {
        let (now, until) = (Moment::from_micros(0), Moment::from_micros(60_000_000));
        let proofs = Proofs::default();
        for round in 0..200_u32 {
            let (mark, taken) = (Digest::of(&round.to_be_bytes()), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| taken.fetch_add(proofs.take(mark, until, now).into(), Relaxed));
                }
            });
            assert_eq!(taken.into_inner(), 1);
            assert!(!proofs.take(mark, until, now));
        }
    }
}
