//! Which backend gets the next request: the one in turn, or the one of two that has less to do. A turn is a number,
//! so that nothing is locked and nobody is drawn twice in a row by chance.

use super::Member;
use domain::Choose;

/// Backends of a deployment, by their places in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(u64);

impl Places {
    pub(crate) fn add(&mut self, at: usize) {
        self.0 |= 1 << at;
    }

    pub(crate) fn hold(self, at: usize) -> bool {
        self.0 & (1 << at) != 0
    }

    pub(crate) fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(super) fn without(self, others: Places) -> Places {
        Places(self.0 & !others.0)
    }

    pub(super) fn or(self, others: Places) -> Places {
        if self.0 == 0 { others } else { self }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let at = left.trailing_zeros() as usize;
                left &= left - 1;
                at
            })
        })
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<T: IntoIterator<Item = usize>>(places: T) -> Self {
        let mut all = Places::default();
        places.into_iter().for_each(|at| all.add(at));
        all
    }
}

/// The turns of backends of these weights: each comes as often as it weighs, as evenly as can be.
pub(super) fn order(weights: &[u32]) -> Box<[u8]> {
    let whole = weights.iter().copied().fold(0, common);
    if whole == 0 {
        return [].into();
    }
    let weights: Vec<i64> = weights.iter().map(|weight| i64::from(weight / whole)).collect();
    let total: i64 = weights.iter().sum();
    let mut owed = vec![0; weights.len()];
    let turn = |_| {
        owed.iter_mut().zip(&weights).for_each(|(owed, weight)| *owed += weight);
        // Of several the first, so that equal ones come in their order.
        let at = (0..owed.len()).rev().max_by_key(|at| owed[*at]).unwrap_or_default();
        owed[at] -= total;
        at as u8
    };
    (0..total).map(turn).collect()
}

fn common(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { common(other, one % other) }
}

/// One of `open`, at this turn. `order` holds the turns of all.
pub(super) fn choose(choose: Choose, members: &[Member], order: &[u8], open: Places, turn: usize) -> usize {
    let first = in_turn(members, order, open, turn);
    let others = open.without([first].into_iter().collect());
    if choose == Choose::Turns || others.count() == 0 {
        return first;
    }
    let second = drawn(members, others, scatter(turn as u64));
    let busy = |at: usize| u64::from(members[at].upstream.outstanding());
    let weight = |at: usize| u64::from(members[at].weight.max(1));
    // Compared crosswise, so that nothing is divided.
    if busy(second) * weight(first) < busy(first) * weight(second) { second } else { first }
}

fn in_turn(members: &[Member], order: &[u8], open: Places, turn: usize) -> usize {
    if !order.is_empty() {
        let at = usize::from(order[turn % order.len()]);
        if open.hold(at) {
            return at;
        }
    }
    // The next one after a gap would take the gap's share beside its own; so somebody else is drawn.
    drawn(members, open, scatter(turn as u64 ^ 0x5eed))
}

/// One of these, by weight.
fn drawn(members: &[Member], from: Places, chance: u64) -> usize {
    let weight = |at: usize| u64::from(members[at].weight.max(1));
    let total: u64 = from.iter().map(weight).sum();
    let mut left = ((u128::from(chance) * u128::from(total)) >> 64) as u64;
    for at in from.iter() {
        match left.checked_sub(weight(at)) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    0
}

/// The one of `open` that this key goes to. While the same are open it is always the same one, and when one leaves,
/// only its own keys go elsewhere (rendezvous hashing, with weights).
pub(super) fn by_key(members: &[Member], open: Places, key: u64) -> usize {
    let score = |at: usize| {
        let member = &members[at];
        let part = (scatter(key ^ member.seed) >> 11) as f64 + 1.0;
        -f64::from(member.weight.max(1)) / (part / (1_u64 << 53) as f64).ln()
    };
    open.iter().max_by(|one, other| score(*one).total_cmp(&score(*other))).unwrap_or_default()
}

/// Spreads numbers that are near each other over all numbers (splitmix64).
pub(crate) fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{super::Connections, super::Upstream, *};
    use std::sync::Arc;

    fn members(weights: &[u32]) -> Vec<Member> {
        let connections = Arc::new(Connections::default());
        let member = |(at, weight): (usize, &u32)| Member {
            upstream: Arc::new(Upstream::new(
                format!("http://a:{}", at + 1).parse().unwrap(),
                connections.clone(),
            )),
            weight: *weight,
            tag: "".into(),
            seed: scatter(at as u64),
        };
        weights.iter().enumerate().map(member).collect()
    }

    fn counts(weights: &[u32], open: &[usize], picks: usize) -> Vec<usize> {
        let (members, order) = (members(weights), order(weights));
        let open = open.iter().copied().collect();
        let mut counts = vec![0; weights.len()];
        (0..picks).for_each(|turn| counts[choose(Choose::Least, &members, &order, open, turn)] += 1);
        counts
    }

    #[tokio::test]
    async fn turns_are_even_and_by_weight() {
        assert_eq!(*order(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(*order(&[2, 4]), [1, 0, 1], "as short as can be");
        assert_eq!(*order(&[0, 3]), [1]);
        assert_eq!(order(&[]).len(), 0);
        assert_eq!(counts(&[1, 1, 1], &[0, 1, 2], 3_000), [1_000; 3]);
        assert_eq!(counts(&[1, 2, 1], &[0, 1, 2], 4_000), [1_000, 2_000, 1_000]);
    }

    #[tokio::test]
    async fn what_one_leaves_is_shared_by_all_others() {
        for (picked, wanted) in
            counts(&[1, 1, 2, 1], &[0, 2, 3], 40_000).into_iter().zip([10_000, 0, 20_000, 10_000])
        {
            assert!(picked.abs_diff(wanted) <= 600, "{picked} and not {wanted}");
        }
    }

    #[tokio::test]
    async fn one_that_has_less_to_do_is_preferred() {
        let (members, order) = (members(&[1, 1]), order(&[1, 1]));
        let _busy: Vec<_> = (0..5).map(|_| members[0].upstream.load()).collect();
        let all: Places = [0, 1].into_iter().collect();
        assert!((0..100).all(|turn| choose(Choose::Least, &members, &order, all, turn) == 1));
        let turns: usize = (0..100).map(|turn| choose(Choose::Turns, &members, &order, all, turn)).sum();
        assert_eq!(turns, 50);
    }

    #[tokio::test]
    async fn a_key_stays_where_it_is_until_that_one_leaves() {
        let members = members(&[1, 1, 2]);
        let all: Places = [0, 1, 2].into_iter().collect();
        let rest: Places = [0, 2].into_iter().collect();
        let mut counts = [0_usize; 3];
        for key in 0..40_000 {
            let at = by_key(&members, all, scatter(key));
            counts[at] += 1;
            let then = by_key(&members, rest, scatter(key));
            assert!(at == 1 || at == then, "only the keys of the one that left go elsewhere");
        }
        for (count, wanted) in counts.into_iter().zip([10_000, 10_000, 20_000]) {
            assert!(count.abs_diff(wanted) < 600, "{counts:?}");
        }
    }
}
