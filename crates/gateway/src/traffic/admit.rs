//! How many requests a second a tenant may send: the generic cell rate algorithm in one atomic number.

use super::{Meters, Traffic};
use std::sync::atomic::Ordering::Relaxed;

const SECOND: u64 = 1_000_000_000;

impl Meters {
    /// Whether a further request of this tenant fits into its plan; 0 is no limit. A tenant that was quiet
    /// may send a second's worth at once.
    pub(crate) fn admits(&self, traffic: &Traffic, per_second: u64) -> bool {
        per_second == 0 || traffic.admits(per_second, self.nanos())
    }
}

impl Traffic {
    fn admits(&self, per_second: u64, now: u64) -> bool {
        let apart = (SECOND / per_second.min(SECOND)).max(1);
        let latest = now.saturating_add(SECOND - apart);
        let moved =
            self.due.fetch_update(Relaxed, Relaxed, |due| (due <= latest).then(|| due.max(now) + apart));
        moved.is_ok()
    }

    pub(super) fn has_recovered(&self, now: u64) -> bool {
        self.due.load(Relaxed) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_may_send_a_seconds_worth_at_once_and_then_evenly() {
        let traffic = Traffic::default();
        let admitted = |now| (0..100).filter(|_| traffic.admits(10, now)).count();
        assert_eq!(admitted(SECOND), 10);
        assert_eq!(admitted(SECOND), 0);
        assert_eq!(admitted(SECOND + SECOND / 10), 1);
        assert_eq!(admitted(5 * SECOND), 10);
        assert!(!traffic.has_recovered(5 * SECOND));
        assert!(traffic.has_recovered(6 * SECOND));
    }

    #[test]
    fn one_a_second_is_one_a_second() {
        let traffic = Traffic::default();
        assert!(traffic.admits(1, SECOND));
        assert!(!traffic.admits(1, SECOND + SECOND / 2));
        assert!(traffic.admits(1, 2 * SECOND));
    }
}
