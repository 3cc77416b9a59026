//! How often something may be tried: by an address, and by a tenant. Memory is bounded, and nobody gets a
//! full allowance back by being forgotten.
//!
//! Each key holds one number, the moment at which its allowance will be whole again (the generic cell rate
//! algorithm). A key whose allowance is whole is the same as one never seen, so only such keys are
//! forgotten. When none is, newcomers share spare cells, chosen by hash: under a flood of addresses a
//! stranger may be slowed down by another, but nobody is ever let through more often than the rule says.
//! Tenants and addresses are kept apart, so that neither crowds out the other.

use crate::Problem;
use domain::{Clock, Moment, TenantId};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limited {
    /// Beginning a sign-in.
    SignInStart,
    /// Coming back from a provider.
    Callback,
    /// Taking a hand-over at a tenant's host or in the console.
    Enter,
    /// Trying a one-time link.
    OneTimeLink,
    /// Testing a connection, or fetching its provider's metadata.
    Outgoing,
    /// Presenting an API key that is none, or a bearer token that is not believed.
    KeyGuess,
}

impl Limited {
    /// Everything that is limited.
    pub const ALL: [Limited; 6] = [
        Limited::SignInStart,
        Limited::Callback,
        Limited::Enter,
        Limited::OneTimeLink,
        Limited::Outgoing,
        Limited::KeyGuess,
    ];
}

/// How often: `burst` at once, and `each` after another as time goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many at once.
    pub burst: u32,
    /// After how long one more is allowed.
    pub each: Duration,
}

impl Rule {
    /// So many in a minute, and no more than that at once.
    ///
    /// # Panics
    /// For none at all.
    pub const fn per_minute(count: u32) -> Self {
        assert!(count > 0, "a limit allows something");
        Rule { burst: count, each: Duration::from_micros(60_000_000 / count as u64) }
    }

    fn whole(self) -> Duration {
        self.each * self.burst
    }
}

/// The rules of one [`Limited`].
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// For one address; an IPv6 network of 64 bits counts as one.
    pub address: Rule,
    /// For one tenant, all addresses together.
    pub tenant: Rule,
}

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// An address, as `server` found it out.
    Address(IpAddr),
    /// A tenant.
    Tenant(TenantId),
}

/// The caller's address. `server` finds it out, behind trusted proxies too, and puts it into the
/// request's extensions; a handler takes it by `Extension`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// What the limits are unless settings say otherwise.
pub fn usual(what: Limited) -> Rules {
    let rules =
        |address, tenant| Rules { address: Rule::per_minute(address), tenant: Rule::per_minute(tenant) };
    match what {
        Limited::SignInStart | Limited::Callback | Limited::Enter => rules(60, 3_000),
        Limited::OneTimeLink => rules(10, 60),
        Limited::Outgoing => rules(20, 60),
        Limited::KeyGuess => rules(60, 60),
    }
}

/// How many addresses, and how many tenants, are remembered for each thing that is limited.
pub const REMEMBERED: usize = 16_384;

/// The counts.
pub struct Throttle {
    clock: Clock,
    cells: Vec<(Limited, Rules, Cells<IpAddr>, Cells<TenantId>)>,
}

impl Throttle {
    /// Nothing counted yet. `rules` says how often; `remembered` how many keys of a kind are kept.
    pub fn new(clock: Clock, remembered: usize, rules: impl Fn(Limited) -> Rules) -> Self {
        let cells =
            Limited::ALL.map(|what| (what, rules(what), Cells::new(remembered), Cells::new(remembered)));
        Throttle { clock, cells: cells.into() }
    }

    /// Whether one more try would be let through, without counting it.
    pub fn has_left(&self, what: Limited, who: Counted) -> bool {
        let found = self.cells.iter().find(|(known, ..)| *known == what);
        let (_, rules, addresses, tenants) = found.expect("everything that is limited has its cells");
        let now = self.clock.now();
        match who {
            Counted::Address(address) => addresses.has_left(network(address), rules.address, now),
            Counted::Tenant(tenant) => tenants.has_left(tenant, rules.tenant, now),
        }
    }

    /// Counts one try.
    ///
    /// # Errors
    /// `limit.exceeded`, saying after how many seconds the next is allowed.
    pub fn check(&self, what: Limited, who: Counted) -> Result<(), Problem> {
        let found = self.cells.iter().find(|(known, ..)| *known == what);
        let (_, rules, addresses, tenants) = found.expect("everything that is limited has its cells");
        let now = self.clock.now();
        let taken = match who {
            Counted::Address(address) => addresses.take(network(address), rules.address, now),
            Counted::Tenant(tenant) => tenants.take(tenant, rules.tenant, now),
        };
        taken.map_err(|wait| {
            let seconds = wait.as_micros().div_ceil(1_000_000).max(1) as u64;
            Problem::new("limit.exceeded").retry_after(seconds)
        })
    }
}

/// Who holds one IPv6 address usually holds all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & (u128::MAX << 64)).into(),
    }
}

/// How many cells newcomers share when there is no room.
const SPARE: usize = 1_024;

struct Cells<K> {
    held: Mutex<Held<K>>,
    hasher: RandomState,
    most: usize,
}

struct Held<K> {
    whole_at: HashMap<K, Moment>,
    spare: Vec<Moment>,
    swept: Moment,
}

impl<K: Copy + Eq + Hash> Cells<K> {
    fn new(most: usize) -> Self {
        let held = Held { whole_at: HashMap::new(), spare: vec![Moment::NEVER; SPARE], swept: Moment::NEVER };
        Cells { held: Mutex::new(held), hasher: RandomState::new(), most }
    }

    /// Whether the key has any of its allowance left.
    fn has_left(&self, key: K, rule: Rule, now: Moment) -> bool {
        let held = self.held.lock();
        let mut cell = match held.whole_at.get(&key) {
            Some(whole_at) => *whole_at,
            None if held.whole_at.len() < self.most => return true,
            None => held.spare[self.hasher.hash_one(key) as usize % SPARE],
        };
        take(&mut cell, rule, now).is_ok()
    }

    /// Takes one of the key's allowance; if there is none, gives how long it takes until there is.
    fn take(&self, key: K, rule: Rule, now: Moment) -> Result<(), Duration> {
        let mut held = self.held.lock();
        if !held.whole_at.contains_key(&key) && held.whole_at.len() >= self.most {
            held.sweep(now, rule.each);
        }
        let has_room = held.whole_at.len() < self.most || held.whole_at.contains_key(&key);
        let cell = if has_room {
            held.whole_at.entry(key).or_insert(Moment::NEVER)
        } else {
            &mut held.spare[self.hasher.hash_one(key) as usize % SPARE]
        };
        take(cell, rule, now)
    }
}

impl<K: Eq + Hash> Held<K> {
    /// Forgets the keys whose allowance is whole again; at most once in the time that one more takes,
    /// because before then hardly any has become so.
    fn sweep(&mut self, now: Moment, each: Duration) {
        if now.since(self.swept) < each && now >= self.swept {
            return;
        }
        self.swept = now;
        self.whole_at.retain(|_, whole_at| *whole_at > now);
    }
}

fn take(whole_at: &mut Moment, rule: Rule, now: Moment) -> Result<(), Duration> {
    // A clock that was set back must not shut anybody out for longer than a whole allowance takes.
    let from = (*whole_at).clamp(now, now + rule.whole());
    let then = from + rule.each;
    let wait = then.since(now + rule.whole());
    if wait > Duration::ZERO {
        return Err(wait);
    }
    *whole_at = then;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { burst: 3, each: Duration::from_secs(10) };

    fn limits(remembered: usize) -> (Clock, Throttle) {
        let clock = Clock::movable(Moment::from_seconds(1_000_000));
        let rules = |_| Rules { address: RULE, tenant: RULE };
        (clock.clone(), Throttle::new(clock, remembered, rules))
    }

    fn address(number: u32) -> Counted {
        Counted::Address(IpAddr::from(number.to_be_bytes()))
    }

    fn tries(limits: &Throttle, who: Counted, count: u32) -> u32 {
        (0..count).filter(|_| limits.check(Limited::SignInStart, who).is_ok()).count() as u32
    }

    #[test]
    fn three_at_once_and_then_one_in_ten_seconds() {
        let (clock, limits) = limits(10);
        assert_eq!(tries(&limits, address(1), 9), 3);
        assert_eq!(tries(&limits, address(2), 1), 1, "another address has its own");
        clock.advance(Duration::from_secs(10));
        assert_eq!(tries(&limits, address(1), 9), 1);
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(tries(&limits, address(1), 9), 3, "no more than the burst is saved up");
        assert_eq!(limits.check(Limited::Callback, address(1)).map_err(|p| p.code()), Ok(()));
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        let (clock, limits) = limits(10);
        assert_eq!(tries(&limits, address(1), 3), 3);
        clock.advance(Duration::from_millis(2_500));
        let problem = limits.check(Limited::SignInStart, address(1)).expect_err("used up");
        let response = axum::response::IntoResponse::into_response(problem);
        assert_eq!(response.headers()["retry-after"], "8");
        clock.advance(Duration::from_secs(8));
        assert_eq!(tries(&limits, address(1), 1), 1);
    }

    #[test]
    fn a_flood_of_addresses_gives_nobody_a_fresh_allowance() {
        let (_, limits) = limits(100);
        assert_eq!(tries(&limits, address(1), 9), 3);
        for number in 2..50_000 {
            tries(&limits, address(number), 4);
        }
        assert_eq!(tries(&limits, address(1), 9), 0, "what was used stays used");
        let late = (50_000..60_000).map(|number| tries(&limits, address(number), 4)).sum::<u32>();
        assert_eq!(late, 0, "newcomers share what is left, and there is nothing");
        let cells = limits.cells.iter().map(|(_, _, addresses, _)| addresses.held.lock().whole_at.len());
        assert!(cells.max() <= Some(100), "memory is bounded");
    }

    #[test]
    fn room_is_made_by_those_who_have_waited_long_enough() {
        let (clock, limits) = limits(100);
        for number in 0..5_000 {
            tries(&limits, address(number), 3);
        }
        clock.advance(Duration::from_secs(30));
        assert_eq!(tries(&limits, address(9_999), 9), 3);
    }

    #[test]
    fn tenants_are_not_crowded_out_by_addresses() {
        let (_, limits) = limits(10);
        for number in 0..5_000 {
            tries(&limits, address(number), 3);
        }
        assert_eq!(tries(&limits, Counted::Tenant(TenantId::from_bits(1)), 9), 3);
    }

    #[test]
    fn one_ipv6_network_is_one_caller_and_a_mapped_address_is_itself() {
        let (_, limits) = limits(10);
        let at = |text: &str| Counted::Address(text.parse().expect("an address"));
        assert_eq!(tries(&limits, at("2001:db8::1"), 2) + tries(&limits, at("2001:db8::2"), 9), 3);
        assert_eq!(tries(&limits, at("2001:db8:0:1::1"), 9), 3);
        assert_eq!(tries(&limits, at("10.0.0.1"), 2) + tries(&limits, at("::ffff:10.0.0.1"), 9), 3);
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_for_long() {
        let mut cell = Moment::from_seconds(90_000);
        let now = Moment::from_seconds(1_000);
        let wait = take(&mut cell, RULE, now).expect_err("as if just used up");
        assert_eq!(wait, RULE.each);
    }
}
