//! What was used of a rate in its current window: one number for each one who is counted.
//!
//! The counts of a tenant are its own. They are never put out to make room for another's, and they are bounded:
//! beyond the bound, those who are new count together until windows end.

use super::share::Shares;
use domain::{Digest, TenantId};
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

/// How many are counted apart in one tenant.
const MOST: usize = 10_000;

/// Who is counted, by which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The limit, the same on all nodes.
    pub(crate) limit: u64,
    /// For how many seconds one window of it lasts.
    pub(crate) span: u32,
    pub(crate) kind: Kind,
    pub(crate) who: u128,
}

/// What the one is who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Tenant,
    User,
    Subscriber,
    Key,
    Address,
    /// All those for whom there was no room.
    Crowd,
    /// Whomever a bearer token speaks of.
    Bearer,
}

impl Key {
    /// What this is called in the database, where all nodes count together. Says nothing about whom.
    fn name(&self, tenant: TenantId) -> Digest {
        let (limit, who) = (self.limit.to_be_bytes(), self.who.to_be_bytes());
        Digest::of_parts(&[b"rate", &tenant.bits().to_be_bytes(), &limit, &[self.kind as u8], &who])
    }
}

/// A window of time, and a bound in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many seconds it lasts.
    pub(crate) span: u32,
    /// Which one it is, counted from the beginning of time.
    pub(crate) number: u32,
    pub(crate) limit: u32,
}

impl Window {
    pub(crate) fn at(now: u64, span: u32, limit: u32) -> Self {
        Window { span, number: (now / u64::from(span)) as u32, limit }
    }

    /// The second in which the next one begins.
    pub(crate) fn ends(&self) -> u64 {
        (u64::from(self.number) + 1) * u64::from(self.span)
    }
}

/// How many of the rest may be used, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) remaining: u32,
    /// There was no room in this node's share, and what all nodes have left is being asked for.
    pub(crate) awaited: bool,
}

/// The counts of one tenant.
#[derive(Debug, Default)]
pub(crate) struct Budgets(RwLock<HashMap<Key, Arc<Budget>>>);

/// A number that belongs to a window; in another it is as good as none.
#[derive(Debug, Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn read(&self, window: u32) -> Option<u32> {
        part(self.0.load(Relaxed), window)
    }

    pub(super) fn set(&self, window: u32, number: u32) {
        self.0.store(whole(window, number), Relaxed);
    }

    /// Changes the number of this window, which is 0 if it had none; gives the one before.
    pub(super) fn change(&self, window: u32, to: impl Fn(u32) -> Option<u32>) -> Result<u32, u32> {
        let number = |value| part(value, window).unwrap_or(0);
        let changed = self.0.fetch_update(Relaxed, Relaxed, |value| {
            // Whoever read the clock before the window ended counts in the next.
            let window = window.max((value >> 32) as u32);
            to(number(value)).map(|next| whole(window, next))
        });
        changed.map(number).map_err(number)
    }
}

fn whole(window: u32, number: u32) -> u64 {
    u64::from(window) << 32 | u64::from(number)
}

fn part(value: u64, window: u32) -> Option<u32> {
    ((value >> 32) as u32 >= window).then_some(value as u32)
}

/// One count.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(super) used: Cell,
    /// How many this node may use: its share of what all nodes may.
    pub(super) granted: Cell,
    /// How many are left for all nodes to ask for, as this one heard last.
    pub(super) left: Cell,
    /// How many were used when they were last looked at.
    pub(super) seen: Cell,
    /// Whether a share is being asked for.
    pub(super) asking: AtomicBool,
    /// When one was last asked for, in seconds.
    pub(super) asked: AtomicU32,
    /// Whether it is among those that are looked at.
    pub(super) listed: AtomicBool,
    /// What it is called where all nodes count together.
    pub(super) name: Option<Digest>,
}

impl Budgets {
    /// Counts one more, if it fits.
    pub(crate) fn take(
        &self,
        tenant: TenantId,
        key: Key,
        window: Window,
        shares: &Shares,
        now: u64,
    ) -> Result<Used, Used> {
        if let Some(budget) = self.0.read().get(&key) {
            return shares.take(budget, window, now);
        }
        let budget = self.add(tenant, key, shares.are_shared());
        shares.take(&budget, window, now)
    }

    /// How it stands, without counting.
    pub(crate) fn look(&self, key: Key, window: Window, shares: &Shares) -> Result<Used, Used> {
        match self.0.read().get(&key) {
            Some(budget) => shares.look(budget, window),
            None => Ok(Used { remaining: window.limit, awaited: false }),
        }
    }

    /// Takes back what was counted for a request that did not go further.
    pub(crate) fn give_back(&self, key: Key, window: Window) {
        if let Some(budget) = self.0.read().get(&key)
            && budget.used.read(window.number).is_some()
        {
            let _ = budget.used.change(window.number, |used| used.checked_sub(1));
        }
    }

    fn add(&self, tenant: TenantId, key: Key, shared: bool) -> Arc<Budget> {
        let mut all = self.0.write();
        let key = if all.len() < MOST || all.contains_key(&key) {
            key
        } else {
            Key { kind: Kind::Crowd, who: 0, ..key }
        };
        let new = || Arc::new(Budget { name: shared.then(|| key.name(tenant)), ..Budget::default() });
        all.entry(key).or_insert_with(new).clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// Forgets those whose windows are over.
    pub(crate) fn sweep(&self, now: u64) {
        let mut all = self.0.write();
        all.retain(|key, budget| budget.used.read(Window::at(now, key.span, 0).number).is_some());
        all.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bits(1);

    fn key(who: u128) -> Key {
        Key { limit: 7, span: 60, kind: Kind::Address, who }
    }

    #[test]
    fn a_node_that_is_alone_counts_exactly_and_anew_in_each_window() {
        let (budgets, shares) = (Budgets::default(), Shares::alone());
        for now in [0, 60, 120] {
            let window = Window::at(now, 60, 100);
            let taken =
                (0..300).filter(|_| budgets.take(TENANT, key(1), window, &shares, now).is_ok()).count();
            assert_eq!(taken, 100);
            assert_eq!(budgets.look(key(1), window, &shares), Err(Used { remaining: 0, awaited: false }));
            assert_eq!(budgets.look(key(2), window, &shares), Ok(Used { remaining: 100, awaited: false }));
        }
    }

    #[test]
    fn what_is_given_back_can_be_used_again() {
        let (budgets, shares) = (Budgets::default(), Shares::alone());
        let window = Window::at(0, 60, 1);
        let take = || budgets.take(TENANT, key(1), window, &shares, 0).is_ok();
        assert!(take() && !take());
        budgets.give_back(key(1), window);
        assert!(take() && !take());
    }

    #[test]
    fn however_many_ask_memory_is_bounded_and_nobody_who_is_counted_is_forgotten() {
        let (budgets, shares) = (Budgets::default(), Shares::alone());
        let window = Window::at(0, 60, 2);
        let take = |who| budgets.take(TENANT, key(who), window, &shares, 0).is_ok();
        assert!(take(0) && take(0));
        let taken = (1..30_000).filter(|who| take(*who)).count();
        assert_eq!(taken, MOST - 1 + 2, "those beyond the bound share two");
        assert!(!take(0));
        budgets.sweep(59);
        assert!(!budgets.is_empty());
        budgets.sweep(60);
        assert!(budgets.is_empty());
    }
}
