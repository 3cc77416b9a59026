//! Alive, and ready: two questions with two answers.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Whether this node should be sent requests. Alive is whoever answers at all.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    filled: Arc<AtomicBool>,
    refilling: Arc<AtomicBool>,
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// The tenants are in memory.
    pub fn filled(&self) {
        self.filled.store(true, Relaxed);
    }

    /// The change feed has missed something, and memory is being filled anew; or that is done.
    pub fn refilling(&self, now: bool) {
        self.refilling.store(now, Relaxed);
    }

    /// The node was told to stop.
    pub fn draining(&self) {
        self.draining.store(true, Relaxed);
    }

    /// Why not, if not. `out_of_touch` is what the warden says of the change feed.
    pub fn why_not(&self, out_of_touch: bool) -> Option<&'static str> {
        let reasons = [
            (self.draining.load(Relaxed), "draining"),
            (!self.filled.load(Relaxed), "starting"),
            (
                self.refilling.load(Relaxed),
                "the change feed has missed something; memory is being filled anew",
            ),
            (out_of_touch, "the change feed is silent"),
        ];
        reasons.into_iter().find_map(|(holds, why)| holds.then_some(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_ready_between_filling_and_draining() {
        let readiness = Readiness::default();
        assert_eq!(readiness.why_not(false), Some("starting"));
        readiness.filled();
        assert_eq!(readiness.why_not(false), None);
        readiness.draining();
        assert_eq!(readiness.why_not(false), Some("draining"));
    }

    #[test]
    fn a_node_that_does_not_hear_the_feed_is_not_ready() {
        let readiness = Readiness::default();
        readiness.filled();
        assert_eq!(readiness.why_not(true), Some("the change feed is silent"));
        readiness.refilling(true);
        assert!(readiness.why_not(false).is_some_and(|why| why.contains("filled anew")));
        readiness.refilling(false);
        assert_eq!(readiness.why_not(false), None);
    }
}
