//! Counting together with other nodes, off the path of requests.
//!
//! All nodes take shares of a window's bound out of one number in the database. A node asks for its next share in
//! the background before the last is used up. A request waits for it only where there is none: at the beginning of
//! a window, or where a crowd was faster; then for the answer that is on its way, and a second at most. Meanwhile a
//! node may run ahead by a hundredth of the bound, which is taken out of the common number first. So more than the
//! bound pass only where nodes run ahead in the moment in which others use up the last of it. That nothing is left
//! is told to all nodes at once, and who has heard it lets nothing more pass. What a node does not need it gives
//! back. While the database is away or does not answer in time each node counts by itself.
//!
//! Where the database is a node's own, none of this happens, and counting is exact.

use super::budget::{Budget, Used, Window};
use domain::Digest;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::sync::{Notify, futures::Notified};

/// How many windows are remembered of which nothing is left; others are found out about by asking.
const MOST_DRAINED: usize = 100_000;

/// The shares of one node.
#[derive(Debug)]
pub struct Shares {
    shared: bool,
    away: AtomicBool,
    wanted: Mutex<Vec<(Arc<Budget>, Window)>>,
    bell: Notify,
    answered: Notify,
    leased: Mutex<Vec<(Arc<Budget>, Window)>>,
    drained: RwLock<HashMap<Digest, u64>>,
}

/// A share to ask for, or with a negative amount one to give back.
#[derive(Debug)]
pub struct ShareAsk {
    /// Of what.
    pub budget: Digest,
    /// The second in which the window ends.
    pub ends: u64,
    /// How many.
    pub amount: i64,
    /// How many there are for all.
    pub limit: u32,
    of: Arc<Budget>,
    window: Window,
}

impl Shares {
    /// For a node that counts alone.
    pub fn alone() -> Self {
        Self::new(false)
    }

    /// For a node that counts together with others.
    pub fn shared() -> Self {
        Self::new(true)
    }

    fn new(shared: bool) -> Self {
        Shares {
            shared,
            away: AtomicBool::new(false),
            wanted: Mutex::default(),
            bell: Notify::new(),
            answered: Notify::new(),
            leased: Mutex::default(),
            drained: RwLock::default(),
        }
    }

    /// Whether there is anybody to count with.
    pub fn are_shared(&self) -> bool {
        self.shared
    }

    // --- on the path of a request

    pub(super) fn take(&self, budget: &Arc<Budget>, window: Window, now: u64) -> Result<Used, Used> {
        let may = self.may_use(budget, window);
        let taken = budget.used.change(window.number, |used| (used < may).then(|| used + 1));
        let used = taken.map_or_else(|used| used, |before| before + 1);
        if self.shared && self.is_short(budget, window, used, taken.is_err(), now) {
            self.want(budget, window, now);
        }
        let left = Used { remaining: self.remaining(budget, window, used), awaited: false };
        taken.map(|_| left).map_err(|_| Used { remaining: 0, awaited: self.is_awaited(budget, window) })
    }

    pub(super) fn look(&self, budget: &Budget, window: Window) -> Result<Used, Used> {
        let used = budget.used.read(window.number).unwrap_or(0);
        let left = Used { remaining: self.remaining(budget, window, used), awaited: false };
        if used < self.may_use(budget, window) { Ok(left) } else { Err(Used { remaining: 0, ..left }) }
    }

    /// How many this node may use in this window, with what it may run ahead.
    fn may_use(&self, budget: &Budget, window: Window) -> u32 {
        if !self.shared || self.away.load(Relaxed) {
            return window.limit;
        }
        let granted = budget.granted.read(window.number).unwrap_or(0);
        let hundredth = window.limit / 100;
        let ahead = match budget.left.read(window.number) {
            Some(left) => (left / 4).min(hundredth),
            None if self.is_drained(budget, window) => 0,
            None => hundredth,
        };
        granted.saturating_add(ahead).min(window.limit.max(granted))
    }

    fn remaining(&self, budget: &Budget, window: Window, used: u32) -> u32 {
        let own = budget.granted.read(window.number).unwrap_or(0);
        match budget.left.read(window.number) {
            Some(left) if self.shared => (left + own.saturating_sub(used)).min(window.limit),
            _ => window.limit.saturating_sub(used),
        }
    }

    /// Whether the next share should be asked for. Where nothing was left somebody may have given back: then it
    /// is asked again, once in a second.
    fn is_short(&self, budget: &Budget, window: Window, used: u32, refused: bool, now: u64) -> bool {
        let granted = budget.granted.read(window.number).unwrap_or(0);
        match budget.left.read(window.number) {
            Some(0) => refused && u64::from(budget.asked.load(Relaxed)) < now,
            left => granted.saturating_sub(used) < chunk(left, window.limit),
        }
    }

    /// Whether a share is on its way, for all that is known. Who has heard that nothing is left need not wait.
    fn is_awaited(&self, budget: &Budget, window: Window) -> bool {
        let left = budget.left.read(window.number);
        budget.asking.load(Relaxed) && left != Some(0) && !self.is_drained(budget, window)
    }

    /// Resolves when the next answer about shares is there. Heard from when it is first polled or enabled.
    pub(super) fn answered(&self) -> Notified<'_> {
        self.answered.notified()
    }

    /// An answer has not come in time: this node counts by itself until one does.
    pub(super) fn do_without(&self) {
        self.away.store(true, Relaxed);
    }

    fn want(&self, budget: &Arc<Budget>, window: Window, now: u64) {
        if budget.asking.load(Relaxed) || budget.asking.swap(true, Relaxed) {
            return;
        }
        budget.asked.store(now as u32, Relaxed);
        self.wanted.lock().push((budget.clone(), window));
        self.bell.notify_one();
    }

    fn is_drained(&self, budget: &Budget, window: Window) -> bool {
        let drained = self.drained.read();
        budget.name.is_some_and(|name| drained.get(&name).is_some_and(|ends| *ends == window.ends()))
    }

    // --- beside it

    /// Waits until a share is wanted.
    pub async fn wanted(&self) {
        self.bell.notified().await;
    }

    /// What is to be asked for now.
    pub fn asks(&self) -> Vec<ShareAsk> {
        let wanted = std::mem::take(&mut *self.wanted.lock());
        wanted.into_iter().filter_map(|(budget, window)| ask(budget, window)).collect()
    }

    /// What is to be given back: shares that nobody used since this was last asked.
    pub fn spare(&self, now: u64) -> Vec<ShareAsk> {
        let mut spare = Vec::new();
        self.leased.lock().retain(|(budget, window)| {
            let lasts = window.ends() > now;
            if lasts {
                spare.extend(give_back(budget, *window));
            } else {
                budget.listed.store(false, Relaxed);
            }
            lasts
        });
        self.drained.write().retain(|_, ends| *ends > now);
        spare
    }

    /// The database was asked, and has these numbers now: how many of each were taken by all nodes.
    pub fn settle(&self, asks: Vec<ShareAsk>, taken: &[i64]) {
        self.away.store(false, Relaxed);
        for (ask, after) in asks.into_iter().zip(taken) {
            self.settle_one(&ask, *after);
        }
        self.answered.notify_waiters();
    }

    fn settle_one(&self, ask: &ShareAsk, after: i64) {
        let (budget, window) = (&ask.of, ask.window);
        let left = |taken: i64| u32::try_from(i64::from(ask.limit) - taken).unwrap_or(0);
        if ask.amount > 0 {
            let got = left(after - ask.amount).min(u32::try_from(ask.amount).unwrap_or(u32::MAX));
            let _ = budget.granted.change(window.number, |granted| Some(granted.saturating_add(got)));
            if !budget.listed.swap(true, Relaxed) {
                self.leased.lock().push((budget.clone(), window));
            }
        }
        budget.left.set(window.number, left(after));
        budget.asking.store(false, Relaxed);
    }

    /// The database could not be asked: each node counts by itself until it can.
    pub fn fail(&self, asks: &[ShareAsk]) {
        self.away.store(true, Relaxed);
        for ask in asks {
            if ask.amount < 0 {
                // What could not be given back is kept.
                let back = u32::try_from(-ask.amount).unwrap_or(0);
                let _ =
                    ask.of.granted.change(ask.window.number, |granted| Some(granted.saturating_add(back)));
            }
            ask.of.asking.store(false, Relaxed);
        }
        self.answered.notify_waiters();
    }

    /// Of these nothing is left until their windows end.
    pub fn hear_drained(&self, drained: &[(Digest, u64)]) {
        if drained.is_empty() {
            return;
        }
        let mut known = self.drained.write();
        for (name, ends) in drained {
            if known.len() < MOST_DRAINED {
                known.insert(*name, *ends);
            }
        }
        drop(known);
        for (budget, window) in self.leased.lock().iter() {
            if self.is_drained(budget, *window) {
                budget.left.set(window.number, 0);
            }
        }
    }
}

/// How much is asked for at once: less and less as less is left, so that little lies with nodes that do not need
/// it in the end.
fn chunk(left: Option<u32>, limit: u32) -> u32 {
    let most = (limit / 10).max(1);
    left.map_or(most, |left| (left / 4).clamp(1, most))
}

fn ask(of: Arc<Budget>, window: Window) -> Option<ShareAsk> {
    let number = window.number;
    let (used, granted) = (of.used.read(number).unwrap_or(0), of.granted.read(number).unwrap_or(0));
    let amount = used.saturating_sub(granted) + chunk(of.left.read(number), window.limit);
    let budget = of.name?;
    Some(ShareAsk { budget, ends: window.ends(), amount: amount.into(), limit: window.limit, of, window })
}

fn give_back(of: &Arc<Budget>, window: Window) -> Option<ShareAsk> {
    let number = window.number;
    let used = of.used.read(number).unwrap_or(0);
    let was_used = of.seen.read(number) != Some(used);
    of.seen.set(number, used);
    if was_used || of.asking.load(Relaxed) {
        return None;
    }
    let before = of.granted.change(number, |granted| (granted > used).then_some(used)).ok()?;
    let (budget, amount) = (of.name?, i64::from(used) - i64::from(before));
    Some(ShareAsk { budget, ends: window.ends(), amount, limit: window.limit, of: of.clone(), window })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::budget::{Budgets, Key, Kind};
    use domain::TenantId;

    /// The common number of a window, as the database has it.
    #[derive(Default)]
    struct Common(i64);

    impl Common {
        fn answer(&mut self, node: &Node, asks: Vec<ShareAsk>) {
            let taken: Vec<i64> = asks
                .iter()
                .map(|ask| {
                    self.0 += ask.amount;
                    self.0
                })
                .collect();
            node.shares.settle(asks, &taken);
        }
    }

    struct Node {
        budgets: Budgets,
        shares: Shares,
    }

    const WINDOW: Window = Window { span: 60, number: 5, limit: 100 };
    const KEY: Key = Key { limit: 1, span: 60, kind: Kind::Tenant, who: 0 };

    impl Node {
        fn new() -> Self {
            Node { budgets: Budgets::default(), shares: Shares::shared() }
        }

        fn take(&self) -> bool {
            self.budgets.take(TenantId::from_bits(1), KEY, WINDOW, &self.shares, 300).is_ok()
        }
    }

    #[test]
    fn two_nodes_together_let_as_many_pass_as_one() {
        let (nodes, mut common) = ([Node::new(), Node::new()], Common::default());
        let mut passed = 0;
        for at in 0..300 {
            let node = &nodes[at % 2];
            passed += u32::from(node.take());
            // The database answers some requests later.
            if at % 4 == 3 {
                for node in &nodes {
                    common.answer(node, node.shares.asks());
                }
            }
        }
        assert!((98..=102).contains(&passed), "{passed}");
    }

    #[test]
    fn a_node_that_hears_that_nothing_is_left_lets_nothing_pass() {
        let (first, second, mut common) = (Node::new(), Node::new(), Common::default());
        let mut passed = 0;
        for _ in 0..300 {
            passed += u32::from(first.take());
            common.answer(&first, first.shares.asks());
        }
        assert_eq!(passed, 100);
        let budget = first.shares.leased.lock()[0].0.name.unwrap();
        second.shares.hear_drained(&[(budget, WINDOW.ends())]);
        assert!(!second.take());
    }

    #[test]
    fn what_a_node_does_not_use_goes_back_to_the_others() {
        let (busy, quiet, mut common) = (Node::new(), Node::new(), Common::default());
        assert!(quiet.take());
        common.answer(&quiet, quiet.shares.asks());
        assert_eq!(common.0, 11);
        assert!(quiet.shares.spare(300).is_empty(), "it was used just now");
        let spare = quiet.shares.spare(300);
        common.answer(&quiet, spare);
        assert_eq!(common.0, 1);
        let mut passed = 0;
        for _ in 0..300 {
            passed += u32::from(busy.take());
            common.answer(&busy, busy.shares.asks());
        }
        assert_eq!(passed, 99);
    }

    #[test]
    fn a_node_that_is_not_answered_in_time_counts_by_itself_until_it_is() {
        let (node, mut common) = (Node::new(), Common::default());
        let ahead = (0..300).filter(|_| node.take()).count();
        assert_eq!(ahead, 1, "a hundredth, until the answer comes");
        let asks = node.shares.asks();
        node.shares.do_without();
        assert_eq!((0..300).filter(|_| node.take()).count(), 99);
        common.answer(&node, asks);
        assert!(!node.take());
    }

    #[test]
    fn without_the_database_each_node_counts_by_itself() {
        let node = Node::new();
        assert!(node.take());
        node.shares.fail(&node.shares.asks());
        assert_eq!((0..300).filter(|_| node.take()).count(), 99);
    }
}
