//! Limits of rates and quotas: how many requests are taken in a window of time, from each tenant, person,
//! subscriber, key or address, at a route or at an API of several routes.

use super::{
    Say,
    budget::{Budgets, Key, Kind, Used, Window},
    share::Shares,
};
use crate::expression::{self, KNOWN};
use access::Caller;
use domain::{Digest, Limit, Limits, TenantId};
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::expression::Expression;
use serde::{Deserialize, Serialize};
use std::{fmt::Write, net::IpAddr};

/// How many limits a route may have.
pub(crate) const MOST: usize = 8;
/// The longest window, in seconds: 31 days.
const LONGEST: u32 = 31 * 86_400;
/// The highest bound.
const HIGHEST: u64 = 1_000_000_000;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A limit as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSpec {
    /// What it is called in headers and in the tester.
    pub name: String,
    /// The API that it holds for: all limits of this API and name count together, whatever their routes.
    #[serde(default)]
    pub api: Option<String>,
    /// Who is counted apart.
    #[serde(default)]
    pub per: Per,
    /// How many seconds a window lasts.
    pub window: u32,
    /// How many requests are taken in one.
    pub limit: Bound,
    /// A condition (CEL): requests of which it does not hold are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// Who is counted apart, within a tenant. Somebody who is not what is counted is counted by what they are: a
/// person, a subscriber, or an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// The tenant, as a whole.
    #[default]
    Tenant,
    /// Each person.
    User,
    /// Each subscriber, whatever key they call with.
    Subscriber,
    /// Each API key.
    Key,
    /// Each address; of IPv6 each network of 64 bits.
    Address,
}

/// How many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// This many, whoever it is.
    Number(u64),
    /// What the tenant's plan says; 0 is no limit.
    Plan {
        /// The name of the plan's limit.
        plan: String,
    },
}

/// The limits of a route that were checked.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    all: Box<[Rate]>,
    /// What the answers' header says of them, where no plan has a say.
    policy: Option<HeaderValue>,
}

#[derive(Debug)]
pub(crate) struct Rate {
    pub(crate) name: Box<str>,
    id: u64,
    per: Per,
    span: u32,
    bound: Checked,
    pub(crate) when: Option<Expression>,
}

#[derive(Clone, Copy, Debug)]
enum Checked {
    Number(u32),
    Plan(Limit),
}

/// Whom a request counts for.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'r> {
    pub(crate) tenant: TenantId,
    pub(crate) limits: &'r Limits,
    pub(crate) caller: &'r Caller,
    pub(crate) address: IpAddr,
    /// The limits that do not hold for this request, a bit for each.
    pub(crate) spared: u8,
}

/// How a request stands with the limits of its route.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    counts: [Count; MOST],
    length: usize,
}

/// How it stands with one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// Which limit of the route.
    pub(crate) at: usize,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// In how many seconds the window ends.
    pub(crate) resets: u32,
    /// There may be room yet: what all nodes have left is being asked for.
    pub(crate) awaited: bool,
}

impl Rates {
    /// `route` counts apart what names no API.
    pub(super) fn of(specs: &[RateSpec], route: &str, say: Say<'_>) -> Self {
        if specs.len() > MOST {
            say("policies.limits", format!("there may be {MOST}, and there are {}", specs.len()));
        }
        let all: Box<[Rate]> = specs.iter().filter_map(|spec| Rate::of(spec, route, say)).collect();
        for (at, rate) in all.iter().enumerate() {
            if all[..at].iter().any(|other| other.name == rate.name) {
                say("policies.limits", format!("two limits are called `{}`", rate.name));
            }
        }
        let numbers = |rate: &Rate| match rate.bound {
            Checked::Number(number) => Some(number),
            Checked::Plan(_) => None,
        };
        let limits: Option<Vec<u32>> = all.iter().map(numbers).collect();
        let policy =
            limits.filter(|limits| !limits.is_empty()).map(|limits| policies(all.iter().zip(limits)));
        Rates { all, policy }
    }

    pub(crate) fn all(&self) -> &[Rate] {
        &self.all
    }

    /// Counts a request, if all limits have room for it; the first that has none otherwise, and then none counts.
    pub(crate) fn take(
        &self,
        budgets: &Budgets,
        shares: &Shares,
        who: Counted<'_>,
        now: u64,
    ) -> Result<Tally, Count> {
        let mut tally = Tally::default();
        for (at, rate) in self.all.iter().enumerate().take(MOST) {
            let Some(window) = rate.window_for(at, who, now) else { continue };
            match budgets.take(who.tenant, rate.key(who), window, shares, now) {
                Ok(used) => tally = tally.with(Count::of(at, window, used, now)),
                Err(used) => {
                    for count in tally.counts() {
                        let earlier = &self.all[count.at];
                        let window = Window::at(now, earlier.span, count.limit);
                        budgets.give_back(earlier.key(who), window);
                    }
                    return Err(Count::of(at, window, used, now));
                }
            }
        }
        Ok(tally)
    }

    /// How a request would stand, without counting it.
    pub(crate) fn look(
        &self,
        budgets: &Budgets,
        shares: &Shares,
        who: Counted<'_>,
        now: u64,
    ) -> Result<Tally, Count> {
        let mut tally = Tally::default();
        for (at, rate) in self.all.iter().enumerate().take(MOST) {
            let Some(window) = rate.window_for(at, who, now) else { continue };
            match budgets.look(rate.key(who), window, shares) {
                Ok(used) => tally = tally.with(Count::of(at, window, used, now)),
                Err(used) => return Err(Count::of(at, window, used, now)),
            }
        }
        Ok(tally)
    }
}

impl Rate {
    fn of(spec: &RateSpec, route: &str, say: Say<'_>) -> Option<Self> {
        let mut fault = |what: String| say("policies.limits", format!("`{}`: {what}", spec.name));
        let is_plain = |name: &str| {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
            (1..=60).contains(&name.len()) && name.bytes().all(plain)
        };
        if !is_plain(&spec.name) || !spec.api.as_deref().is_none_or(is_plain) {
            fault("the names of a limit and of its API are 1 to 60 lower-case letters, digits, `-`, `_` and `.`".into());
        }
        if !(1..=LONGEST).contains(&spec.window) {
            fault(format!("the window must be 1 to {LONGEST} seconds"));
            return None;
        }
        let bound = match &spec.limit {
            Bound::Number(number) if (1..=HIGHEST).contains(number) => Checked::Number(*number as u32),
            Bound::Number(_) => {
                fault(format!("the limit must be 1 to {HIGHEST}"));
                return None;
            }
            Bound::Plan { plan } => match Limit::ALL.into_iter().find(|limit| limit.name() == plan) {
                Some(limit) => Checked::Plan(limit),
                None => {
                    let names = Limit::ALL.map(Limit::name).join(", ");
                    fault(format!("plans know no limit `{plan}`; they know {names}"));
                    return None;
                }
            },
        };
        let scope = spec.api.as_deref().map_or(["route", route], |api| ["api", api]);
        let per = spec.per as u8;
        let (window, name) = (spec.window.to_be_bytes(), spec.name.as_bytes());
        let digest = Digest::of_parts(&[scope[0].as_bytes(), scope[1].as_bytes(), name, &[per], &window]);
        let mut id = [0; 8];
        id.copy_from_slice(&digest.bytes()[..8]);
        let id = u64::from_be_bytes(id);
        let when = match &spec.when {
            Some(source) => Some(expression::read(source, KNOWN, |what| fault(format!("when: {what}")))?),
            None => None,
        };
        Some(Rate { name: spec.name.as_str().into(), id, per: spec.per, span: spec.window, bound, when })
    }

    /// The current window; none where this limit does not hold for the request.
    fn window_for(&self, at: usize, who: Counted<'_>, now: u64) -> Option<Window> {
        if who.spared & (1 << at) != 0 { None } else { self.window(who.limits, now) }
    }

    /// The current window; none where the plan sets no bound.
    fn window(&self, limits: &Limits, now: u64) -> Option<Window> {
        let limit = match self.bound {
            Checked::Number(number) => number,
            Checked::Plan(limit) => limits.of(limit).min(HIGHEST) as u32,
        };
        (limit > 0).then(|| Window::at(now, self.span, limit))
    }

    fn key(&self, who: Counted<'_>) -> Key {
        let person = || who.caller.person().map(|person| (Kind::User, person.user.bits()));
        let key = who.caller.key();
        let subscriber = || key.map(|holder| (Kind::Subscriber, holder.subscriber.bits()));
        let token = who.caller.token();
        let certificate = who.caller.certificate();
        let machine = || certificate.map(|holder| holder.who);
        let application = || who.caller.application();
        let application = || application().map(|holder| (Kind::Bearer, holder.token.application.bits()));
        // What an issuer or an anchor calls somebody is hashed under its own id, so that one kind serves both.
        let named = || token.map(|holder| holder.who).or_else(machine);
        let bearer = || named().map(|who| (Kind::Bearer, who.first_half())).or_else(application);
        let own = match self.per {
            Per::Tenant => Some((Kind::Tenant, 0)),
            Per::Address => None,
            Per::Key => key.map(|holder| (Kind::Key, holder.key.bits())).or_else(person).or_else(bearer),
            Per::User => person().or_else(subscriber).or_else(bearer),
            Per::Subscriber => subscriber().or_else(person).or_else(bearer),
        };
        let (kind, who) = own.unwrap_or_else(|| (Kind::Address, place(who.address)));
        Key { limit: self.id, span: self.span, kind, who }
    }

    pub(crate) fn per(&self) -> Per {
        self.per
    }

    pub(crate) fn span(&self) -> u32 {
        self.span
    }
}

/// An address as it is counted. One who has a network of IPv6 has more addresses than anybody can count.
fn place(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

impl Count {
    fn of(at: usize, window: Window, used: Used, now: u64) -> Self {
        let resets = window.ends().saturating_sub(now) as u32;
        Count { at, limit: window.limit, remaining: used.remaining, resets, awaited: used.awaited }
    }
}

impl From<Count> for Tally {
    fn from(count: Count) -> Self {
        Tally::default().with(count)
    }
}

impl Tally {
    fn with(mut self, count: Count) -> Self {
        self.counts[self.length] = count;
        self.length += 1;
        self
    }

    pub(crate) fn counts(&self) -> &[Count] {
        &self.counts[..self.length]
    }

    /// Says in an answer's header how it stands, in the words of draft-ietf-httpapi-ratelimit-headers.
    pub(crate) fn write(&self, rates: &Rates, headers: &mut HeaderMap) {
        if self.length == 0 {
            return;
        }
        let mut text = String::with_capacity(32 * self.length);
        for count in self.counts() {
            let part = if text.is_empty() { "" } else { ", " };
            let name = &rates.all[count.at].name;
            let _ = write!(text, "{part}\"{name}\";r={};t={}", count.remaining, count.resets);
        }
        let limits = || policies(self.counts().iter().map(|count| (&rates.all[count.at], count.limit)));
        let whole = rates.policy.clone().filter(|_| self.length == rates.all.len());
        headers.insert(RATE_LIMIT_POLICY, whole.unwrap_or_else(limits));
        headers.insert(RATE_LIMIT, plain(text));
    }
}

fn policies<'r>(rates: impl Iterator<Item = (&'r Rate, u32)>) -> HeaderValue {
    let texts: Vec<String> =
        rates.map(|(rate, limit)| format!("\"{}\";q={limit};w={}", rate.name, rate.span)).collect();
    plain(texts.join(", "))
}

/// The names in it were checked. One that is refused stays without words.
fn plain(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Traffic;
    use std::{hint::black_box, sync::Arc};
    use tokio::time::Instant;

    fn rates(json: &str) -> Rates {
        let specs: Vec<RateSpec> = serde_json::from_str(json).unwrap();
        Rates::of(&specs, "route", &mut |_, what| panic!("{what}"))
    }

    /// What they cost: `cargo test --release -p gateway --lib -- --nocapture three_limits_count_each`.
    #[test]
    fn three_limits_count_each_and_what_that_costs_is_printed() {
        const TIMES: u64 = 50_000;
        let rates = rates(
            r#"[{"name": "a", "window": 60, "limit": 1000000000},
                {"name": "b", "window": 3600, "limit": 1000000000},
                {"name": "c", "window": 86400, "limit": {"plan": "api_requests_per_day"}}]"#,
        );
        let mut limits = Limits::default();
        limits.limits.insert("api_requests_per_day".into(), 1_000_000_000);
        let tenant = TenantId::from_bits(1);
        for (name, shares) in [("alone", Shares::alone()), ("with others", Shares::shared())] {
            let traffic = Arc::new(Traffic::default());
            let take = |now: u64| {
                let mut tally = Tally::default();
                for (at, rate) in rates.all.iter().enumerate() {
                    let Some(window) = rate.window(&limits, now) else { continue };
                    let key = Key { limit: rate.id, span: rate.span, kind: Kind::Tenant, who: 0 };
                    let taken = traffic.budgets.take(tenant, key, window, &shares, now);
                    tally = tally.with(Count::of(at, window, taken.unwrap_or_else(|used| used), now));
                }
                tally
            };
            let begun = Instant::now();
            for _ in 0..TIMES {
                black_box(take(black_box(1_000_000)));
            }
            let check = begun.elapsed();
            let tally = take(1_000_000);
            assert!(tally.counts().iter().all(|count| count.remaining == count.limit - TIMES as u32 - 1));
            let begun = Instant::now();
            for _ in 0..TIMES {
                let mut headers = HeaderMap::with_capacity(8);
                tally.write(&rates, &mut headers);
                black_box(headers);
            }
            let write = begun.elapsed();
            let each = |span: std::time::Duration| span.as_nanos() as u64 / TIMES;
            println!("{name}: three limits {} ns, their headers {} ns", each(check), each(write));
        }
    }
}
