//! Leaves out for a while what answers worse than its siblings. Where all are as bad, nobody is left out: then it is
//! not the backend.

use super::Deployment;
use std::time::Duration;
use tokio::time::Instant;

/// What was counted before the window that is being counted now.
#[derive(Default)]
pub(super) struct Windows {
    since: Option<Instant>,
    /// Of each backend, how many requests it had answered and failed at.
    marks: Vec<(u64, u64)>,
}

/// What one backend did in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    good: u64,
    bad: u64,
}

impl Tally {
    fn all(self) -> u64 {
        self.good + self.bad
    }

    fn and(self, other: Tally) -> Tally {
        Tally { good: self.good + other.good, bad: self.bad + other.bad }
    }

    /// Whether it failed at so many of a hundred, and at more than twice as many as the others.
    fn stands_out(self, percent: u32, others: Tally) -> bool {
        let enough = self.bad * 100 >= u64::from(percent) * self.all();
        enough && others.all() > 0 && self.bad * others.all() > 2 * others.bad * self.all()
    }
}

impl Deployment {
    /// The upstream at this place did not answer a request.
    pub(crate) fn failed(&self, at: usize) {
        let streak = self.at(at).health.failed();
        let most = self.balancing.eject.failures;
        if most > 0 && streak >= most {
            self.eject(at, "it did not answer several requests in a row");
        }
    }

    /// Looks at what upstreams answered in the window that is over.
    pub(super) fn look_for_outliers(&self) {
        let rules = &self.balancing.eject;
        let most = Duration::from_millis(rules.most_ms);
        self.members.iter().for_each(|member| member.upstream.health.forgive(most));
        if rules.errors_percent == 0 || !self.has_several() {
            return;
        }
        let Some(tallies) = self.window(Duration::from_millis(rules.window_ms)) else { return };
        let all = tallies.iter().copied().fold(Tally::default(), Tally::and);
        for (at, tally) in tallies.into_iter().enumerate() {
            let others = Tally { good: all.good - tally.good, bad: all.bad - tally.bad };
            if tally.all() >= u64::from(rules.least) && tally.stands_out(rules.errors_percent, others) {
                self.eject(at, "its answers are worse than those of the others");
            }
        }
    }

    /// What each did since the window began, if it is over; then the next begins.
    fn window(&self, length: Duration) -> Option<Vec<Tally>> {
        let mut windows = self.windows.lock();
        let now = Instant::now();
        if windows.since.is_some_and(|since| now < since + length) {
            return None;
        }
        let counts: Vec<_> = self.members.iter().map(|member| member.upstream.health.counts()).collect();
        let before = std::mem::replace(&mut windows.marks, counts.clone());
        windows.since.replace(now)?;
        let tally = |(now, before): ((u64, u64), (u64, u64))| Tally {
            good: now.0.saturating_sub(before.0),
            bad: now.1.saturating_sub(before.1),
        };
        Some(counts.into_iter().zip(before).map(tally).collect())
    }

    /// Leaves one out, if as many are left as must be.
    fn eject(&self, at: usize, why: &str) {
        let (rules, count) = (&self.balancing.eject, self.members.len());
        let out = self.members.iter().filter(|member| member.upstream.health.is_ejected()).count();
        let ceiling = (count * rules.ceiling_percent as usize / 100).max(1).min(count - 1);
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != at);
        let somebody_is_well = others.into_iter().any(|(_, member)| member.upstream.health.is_well());
        let upstream = self.at(at);
        if out >= ceiling || !somebody_is_well || upstream.health.is_ejected() {
            return;
        }
        let (base, most) = (Duration::from_millis(rules.base_ms), Duration::from_millis(rules.most_ms));
        let length = upstream.health.eject(base, most);
        let (deployment, origin) = (self.id, &upstream.origin);
        tracing::warn!(
            %deployment, upstream = %origin, seconds = length.as_secs_f64(),
            "upstream {origin} of deployment {deployment} is left out for {} seconds: {why}", length.as_secs_f64()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_is_worse_than_the_others_stands_out() {
        let tally = |good, bad| Tally { good, bad };
        assert!(tally(10, 10).stands_out(50, tally(100, 0)));
        assert!(tally(10, 10).stands_out(50, tally(80, 20)));
        assert!(!tally(10, 10).stands_out(50, tally(50, 50)), "all are as bad");
        assert!(!tally(11, 9).stands_out(50, tally(100, 0)), "not so many");
        assert!(!tally(0, 20).stands_out(50, tally(0, 0)), "nobody to compare with");
    }
}
