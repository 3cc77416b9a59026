//! How many requests may be tried again: each request adds a little, each further try takes a whole one, so that a
//! deployment that answers nobody is not asked twice by everybody.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// A further try, in what a hundred requests at one percent add up to.
const WHOLE: i64 = 100;
/// So many tries are good without any request before, and saved up at most.
const SAVED: i64 = 20 * WHOLE;

/// What is left for further tries.
pub(super) struct Budget {
    percent: i64,
    left: AtomicI64,
}

impl Budget {
    pub(super) fn new(percent: u32) -> Self {
        let left = if percent == 0 { 0 } else { SAVED };
        Budget { percent: i64::from(percent), left: AtomicI64::new(left) }
    }

    /// A request was taken.
    pub(super) fn earn(&self) {
        if self.left.load(Relaxed) < SAVED {
            self.left.fetch_add(self.percent, Relaxed);
        }
    }

    /// Takes a further try, if one is left.
    pub(super) fn spend(&self) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| (left >= WHOLE).then(|| left - WHOLE)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_five_is_tried_again_and_a_few_at_once() {
        let budget = Budget::new(20);
        let saved = (0..100).filter(|_| budget.spend()).count();
        assert_eq!(saved, 20);
        let spent = (0..100)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();
        assert_eq!(spent, 20);
    }

    #[test]
    fn without_a_budget_nothing_is_tried_again() {
        let budget = Budget::new(0);
        (0..1_000).for_each(|_| budget.earn());
        assert!(!budget.spend());
    }
}
