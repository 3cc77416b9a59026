//! How long a key lives, when its owner is warned, and how long it may go unused: what the plan says and what the
//! tenant says, whichever is shorter.

use super::{KeyError, rows::Rules};
use access::Tenant;
use domain::{Limit, Moment};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a key lives of which nothing is said.
const USUAL: Duration = DAY.saturating_mul(90);
/// How long before its end a key's owner is warned at the earliest.
const WARNING: Duration = DAY.saturating_mul(7);
/// What no key lives longer than where nobody says anything: a hundred years.
const FOREVER: u64 = 36_500;

/// What a new key's time is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) ends: Moment,
    pub(super) warn: Moment,
    /// Nothing is for ever.
    pub(super) idle: Duration,
}

impl Life {
    /// The time of a key that is made now. `wanted` is what was asked for.
    pub(super) fn of(
        tenant: &Tenant,
        rules: Rules,
        wanted: Option<Duration>,
        now: Moment,
    ) -> Result<Self, KeyError> {
        let limits = &tenant.record.limits;
        let days = shorter(limits.of(Limit::ApiKeyDays), rules.days).unwrap_or(FOREVER).min(FOREVER);
        let most = DAY * u32::try_from(days).expect("a hundred years of days are few");
        let life = wanted.unwrap_or(USUAL.min(most));
        if !(MINUTE..=most).contains(&life) {
            return Err(KeyError::Life(days));
        }
        let ends = Moment::from_seconds((now + life).seconds());
        let unused = shorter(limits.of(Limit::ApiKeyUnusedDays), rules.unused_days).unwrap_or(0);
        let idle = DAY * u32::try_from(unused.min(FOREVER)).expect("a hundred years of days are few");
        Ok(Life { ends, warn: ends - WARNING.min(life / 3), idle })
    }

    /// When it has gone unused for too long, if nobody uses it.
    pub(super) fn idle_ends(&self, now: Moment) -> Moment {
        if self.idle.is_zero() { Moment::from_micros(i64::MAX) } else { now + self.idle }
    }
}

/// The shorter of two spans of which 0 is no bound.
fn shorter(one: u64, other: u64) -> Option<u64> {
    [one, other].into_iter().filter(|days| *days > 0).min()
}
