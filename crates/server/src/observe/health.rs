//! Alive, and ready: two questions with two answers.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Whether this node should be sent requests. Alive is whoever answers at all.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    filled: Arc<AtomicBool>,
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// The tenants are in memory.
    pub fn filled(&self) {
        self.filled.store(true, Relaxed);
    }

    /// The node was told to stop.
    pub fn draining(&self) {
        self.draining.store(true, Relaxed);
    }

    /// Why not, if not.
    pub fn why_not(&self) -> Option<&'static str> {
        match (self.draining.load(Relaxed), self.filled.load(Relaxed)) {
            (true, _) => Some("draining"),
            (false, false) => Some("starting"),
            (false, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_ready_between_filling_and_draining() {
        let readiness = Readiness::default();
        assert_eq!(readiness.why_not(), Some("starting"));
        readiness.filled();
        assert_eq!(readiness.why_not(), None);
        readiness.draining();
        assert_eq!(readiness.why_not(), Some("draining"));
    }
}
