//! How one backend stands: what it answered to requests and to questions about its health. All of it is atomics,
//! because every request looks at it.

use domain::HealthCheck;
use parking_lot::Mutex;
use std::{
    sync::atomic::{
        AtomicU8, AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};
use tokio::time::Instant;

/// What the questions about its health say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// It is not asked.
    Unasked = 0,
    /// It has not answered yet.
    Waiting = 1,
    Up = 2,
    Down = 3,
}

/// One answer to a question about its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// When.
    pub(crate) at: Instant,
    /// The status, or why there was none.
    pub(crate) said: Result<u16, String>,
}

/// How one backend stands.
pub(crate) struct Health {
    begin: Instant,
    verdict: AtomicU8,
    /// How many answers in a row spoke against the verdict.
    against: AtomicU32,
    /// Milliseconds after `begin` until which it could not be reached or is ejected; 0 for not.
    passed_over_until: AtomicU64,
    ejected_until: AtomicU64,
    /// How often it was ejected lately.
    ejections: AtomicU32,
    /// Requests in a row that it did not answer.
    streak: AtomicU32,
    answered: AtomicU64,
    failed: AtomicU64,
    last: Mutex<Option<Checked>>,
    /// Whether it answers without a context: 0 unknown, 1 no, 2 yes.
    exposed: AtomicU8,
}

impl Health {
    pub(crate) fn new() -> Self {
        Health {
            begin: Instant::now(),
            verdict: AtomicU8::new(Verdict::Unasked as u8),
            against: AtomicU32::new(0),
            passed_over_until: AtomicU64::new(0),
            ejected_until: AtomicU64::new(0),
            ejections: AtomicU32::new(0),
            streak: AtomicU32::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last: Mutex::default(),
            exposed: AtomicU8::new(0),
        }
    }

    // --- what is asked of it

    pub(crate) fn verdict(&self) -> Verdict {
        match self.verdict.load(Acquire) {
            1 => Verdict::Waiting,
            2 => Verdict::Up,
            3 => Verdict::Down,
            _ => Verdict::Unasked,
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.verdict() == Verdict::Down
    }

    /// Whether nothing speaks against it.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self.verdict(), Verdict::Unasked | Verdict::Up)
            && !self.is_passed_over()
            && !self.is_ejected()
    }

    pub(crate) fn is_passed_over(&self) -> bool {
        self.is_before(&self.passed_over_until)
    }

    pub(crate) fn is_ejected(&self) -> bool {
        self.is_before(&self.ejected_until)
    }

    /// For how much longer it is ejected.
    pub(crate) fn ejected_for(&self) -> Option<Duration> {
        let left = self.ejected_until.load(Relaxed).saturating_sub(self.millis());
        (left > 0).then(|| Duration::from_millis(left))
    }

    /// How many requests it answered, and how many it failed at.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.answered.load(Relaxed), self.failed.load(Relaxed))
    }

    pub(crate) fn last_check(&self) -> Option<Checked> {
        self.last.lock().clone()
    }

    /// Whether it answers without a context, if it was asked.
    pub(crate) fn exposed(&self) -> Option<bool> {
        match self.exposed.load(Relaxed) {
            1 => Some(false),
            2 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn set_exposed(&self, answers: bool) {
        self.exposed.store(1 + u8::from(answers), Relaxed);
    }

    fn is_before(&self, until: &AtomicU64) -> bool {
        let until = until.load(Relaxed);
        // The clock is looked at only where there is something to compare it with.
        until != 0 && self.millis() < until
    }

    fn millis(&self) -> u64 {
        self.begin.elapsed().as_millis() as u64
    }

    // --- what it did

    /// It answered.
    pub(crate) fn answered(&self, is_good: bool) {
        if self.streak.load(Relaxed) != 0 {
            self.streak.store(0, Relaxed);
        }
        let count = if is_good { &self.answered } else { &self.failed };
        count.fetch_add(1, Relaxed);
    }

    /// It did not answer; gives how often in a row.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.fetch_add(1, Relaxed);
        self.streak.fetch_add(1, Relaxed) + 1
    }

    /// It could not be reached, and is passed over for this long; none where it could.
    pub(crate) fn reached(&self, passed_over: Option<Duration>) {
        let until = passed_over.map_or(0, |passed_over| self.millis() + passed_over.as_millis() as u64);
        if until != 0 || self.passed_over_until.load(Relaxed) != 0 {
            self.passed_over_until.store(until, Relaxed);
        }
    }

    /// It is left out: for `base`, and twice as long each time that this happens again soon. Gives for how long.
    pub(crate) fn eject(&self, base: Duration, most: Duration) -> Duration {
        let times = self.ejections.fetch_add(1, Relaxed).min(20);
        let length = base.saturating_mul(1 << times).min(most);
        self.streak.store(0, Relaxed);
        self.ejected_until.store(self.millis() + length.as_millis() as u64, Relaxed);
        length
    }

    /// One that stayed for as long as it could have been left out begins anew.
    pub(crate) fn forgive(&self, most: Duration) {
        let until = self.ejected_until.load(Relaxed);
        if until != 0 && self.millis() > until + most.as_millis() as u64 {
            self.ejections.store(0, Relaxed);
            self.ejected_until.store(0, Relaxed);
        }
    }

    // --- what it was asked about its health

    /// It is asked from now on, or not any more.
    pub(crate) fn is_asked(&self, asked: bool) {
        match (asked, self.verdict()) {
            (true, Verdict::Unasked) => self.judge(Verdict::Waiting),
            (false, before) if before != Verdict::Unasked => self.judge(Verdict::Unasked),
            _ => {}
        }
    }

    /// It was asked. Gives the verdict where that changed it. The first answer decides by itself.
    pub(crate) fn checked(&self, said: Result<u16, String>, check: &HealthCheck) -> Option<Verdict> {
        let is_good = said.as_ref().is_ok_and(|status| check.expects(*status));
        *self.last.lock() = Some(Checked { at: Instant::now(), said });
        let (verdict, other, enough) = match (self.verdict(), is_good) {
            (Verdict::Unasked, _) => return None,
            (Verdict::Waiting, true) => (Verdict::Waiting, Verdict::Up, 1),
            (Verdict::Waiting, false) => (Verdict::Waiting, Verdict::Down, 1),
            (Verdict::Up, false) => (Verdict::Up, Verdict::Down, check.down_after),
            (Verdict::Down, true) => (Verdict::Down, Verdict::Up, check.up_after),
            (verdict, _) => (verdict, verdict, u32::MAX),
        };
        if verdict == other {
            self.against.store(0, Relaxed);
            return None;
        }
        if self.against.fetch_add(1, Relaxed) + 1 < enough {
            return None;
        }
        self.judge(other);
        Some(other)
    }

    fn judge(&self, verdict: Verdict) {
        self.against.store(0, Relaxed);
        self.verdict.store(verdict as u8, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(health: &Health, check: &HealthCheck, answers: &[u16]) -> Vec<Option<Verdict>> {
        answers.iter().map(|status| health.checked(Ok(*status), check)).collect()
    }

    #[tokio::test]
    async fn the_first_answer_decides_and_later_ones_in_a_row() {
        let (health, rules) = (Health::new(), HealthCheck::default());
        health.is_asked(true);
        assert!(!health.is_well(), "nobody knows yet");
        assert_eq!(check(&health, &rules, &[204]), [Some(Verdict::Up)]);
        assert_eq!(check(&health, &rules, &[500, 200, 500]), [None; 3], "not in a row");
        assert_eq!(check(&health, &rules, &[500]), [Some(Verdict::Down)]);
        assert!(health.is_down() && !health.is_well());
        assert_eq!(check(&health, &rules, &[200, 200]), [None, Some(Verdict::Up)]);
        health.is_asked(false);
        assert_eq!(health.verdict(), Verdict::Unasked);
    }

    #[tokio::test]
    async fn one_that_is_ejected_again_stays_out_twice_as_long() {
        let mut health = Health::new();
        let (base, most) = (Duration::from_secs(10), Duration::from_secs(30));
        let lengths: Vec<_> = (0..4).map(|_| health.eject(base, most).as_secs()).collect();
        assert_eq!(lengths, [10, 20, 30, 30]);
        assert!(health.is_ejected() && !health.is_well());
        // Time passes where the beginning is longer ago.
        health.begin -= Duration::from_secs(31);
        assert!(health.is_well());
        health.forgive(most);
        assert_eq!(health.eject(base, most).as_secs(), 30, "too soon");
        health.begin -= Duration::from_secs(61);
        health.forgive(most);
        assert_eq!(health.eject(base, most), base);
    }

    #[tokio::test]
    async fn an_answer_ends_a_row_of_failures() {
        let health = Health::new();
        assert_eq!((health.failed(), health.failed()), (1, 2));
        health.answered(false);
        assert_eq!(health.failed(), 1);
        assert_eq!(health.counts(), (0, 4));
    }
}
