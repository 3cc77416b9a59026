//! The policies of a route at work on one request: what can be said before anybody knows whose it is, and what
//! its tenant may still use.

use super::{
    attack,
    budget::Budgets,
    rate::{Count, Counted, Rates, Tally},
    rewrite,
    share::Shares,
};
use crate::{
    expression::{Asked, Known, holds, text},
    gateway::Gateway,
    look::{Ahead, Look},
    onlook::Onlooker,
    peer::Peer,
    problem::{self, Problem},
    refuse::No,
    route::Route,
    traffic::{Held, Slot, Traffic},
};
use access::{Caller, Tenant};
use domain::Limit;
use http::{HeaderMap, HeaderValue, header::RETRY_AFTER, request::Parts};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// How long a request waits for a share of a rate that is on its way, before this node counts by itself.
const SHARE_WITHIN: Duration = Duration::from_secs(1);

/// What the expressions of a route's policies came to for one request.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) headers: rewrite::Said,
    /// The limits that do not hold for it, a bit for each.
    pub(crate) spared: u8,
    /// What the backend is asked in place of what the client asked.
    pub(crate) path: Option<String>,
    pub(crate) query: Option<String>,
}

impl Said {
    pub(crate) fn of(route: &Route, known: &Known<'_>, onlooker: &mut impl Onlooker) -> Result<Self, No> {
        let policies = &route.policies;
        let mut said = Said {
            headers: rewrite::work_out(&policies.request_headers, known, onlooker)?,
            ..Said::default()
        };
        for (at, rate) in policies.rates.all().iter().enumerate() {
            if !holds("policies.limits.when", rate.when.as_ref(), known, onlooker)? {
                said.spared |= 1 << at;
            }
        }
        let Some(rewrite) = &policies.rewrite else { return Ok(said) };
        if let Some(path) = &rewrite.path {
            said.path = text("policies.rewrite.path", path, known, onlooker)?;
        }
        if let Some(query) = &rewrite.query {
            said.query = text("policies.rewrite.query", query, known, onlooker)?;
        }
        Ok(said)
    }
}

/// What a request was given of what its tenant may use.
pub(crate) struct Allowance {
    pub(crate) tally: Tally,
    /// None where nothing is held, because nothing is forwarded.
    pub(crate) slot: Option<Slot>,
}

impl Gateway {
    /// In what shape it comes. Says whether the screen is for its body too.
    pub(crate) fn check_outside(
        &self,
        route: &Route,
        parts: &Parts,
        asked: &Asked<'_>,
        onlooker: &mut impl Onlooker,
    ) -> Result<bool, No> {
        let Some(screen) = &route.policies.screen else { return Ok(false) };
        if !holds("policies.screen.when", screen.when.as_ref(), asked, onlooker)? {
            return Ok(false);
        }
        match screen.stops(parts) {
            Some(why) => self.stop_at(route, screen.blocks(), (problem::SCREENED, why), onlooker)?,
            None => onlooker.passed("screen", || "the request has a shape that is taken".into()),
        }
        let Some(attacks) = &screen.attacks else { return Ok(false) };
        match attacks.finds(parts) {
            Some(why) => self.stop_at(route, attacks.blocks(), (problem::ATTACK, why), onlooker)?,
            None => onlooker.passed("attacks", || "nothing in its head looks like an attack".into()),
        }
        Ok(attacks.look_into_bodies())
    }

    /// What its body looks like, once it is known that the request may be sent. Gives what goes on from here.
    pub(crate) async fn screen_body(
        &self,
        route: &Arc<Route>,
        headers: &HeaderMap,
        mut look: Look<'_>,
        onlooker: &mut impl Onlooker,
    ) -> Result<Option<Ahead>, No> {
        let attacks = route.policies.screen.as_ref().and_then(|screen| screen.attacks.as_ref());
        let Some(attacks) = attacks else { return Ok(look.into_ahead()) };
        if let Err(no) = attacks.take_in(headers, &mut look).await {
            let why = no.detail.unwrap_or_else(|| no.problem.entry().title.to_owned());
            let why = format!("attacks: the body cannot be looked into. {why}");
            self.stop_at(route, attacks.blocks(), (no.problem, why), onlooker)?;
            return Ok(look.into_ahead());
        }
        let ahead = look.into_ahead();
        let Some(body) = &ahead else { return Ok(ahead) };
        match attack::find_in_body(route, headers, body).await {
            Some(why) => self.stop_at(route, attacks.blocks(), (problem::ATTACK, why), onlooker)?,
            None => onlooker.passed("attacks", || "nothing in its body looks like an attack".into()),
        }
        Ok(ahead)
    }

    /// A screen has stopped at something: that is counted, and refused, or else said in the log.
    fn stop_at(
        &self,
        route: &Route,
        blocks: bool,
        (problem, why): (Problem, String),
        onlooker: &mut impl Onlooker,
    ) -> Result<(), No> {
        if !onlooker.is_rehearsal() {
            self.0.screened[usize::from(blocks)].fetch_add(1, Relaxed);
        }
        if blocks {
            return Err(No::with(problem, why));
        }
        tracing::warn!(target: "gateway::screen", route = %route.name, "a request would be refused by the screen of route {}: {why}", route.name);
        onlooker.passed("screen", || format!("it only detects, and would refuse: {why}"));
        Ok(())
    }

    /// What the tenant's plan and the route's limits have left for this request.
    pub(crate) async fn allow(
        &self,
        route: &Route,
        tenant: &Tenant,
        caller: &Caller,
        traffic: &Arc<Traffic>,
        (peer, spared): (&Peer, u8),
        onlooker: &mut impl Onlooker,
    ) -> Result<Tally, No> {
        let limits = &tenant.record.limits;
        let now = u64::try_from(self.0.needs.clock.now().seconds()).unwrap_or(0);
        let who = Counted { tenant: tenant.record.id, limits, caller, address: peer.ip, spared };
        let (rates, shares) = (&route.policies.rates, &self.0.shares);
        let tally = match onlooker.is_rehearsal() {
            true => rates.look(&traffic.budgets, shares, who, now),
            false => take(rates, &traffic.budgets, shares, who, now).await,
        };
        let tally = tally.map_err(|over| over_rate(route, over))?;
        for count in tally.counts() {
            onlooker.passed("limit", || {
                let rate = &rates.all()[count.at];
                let (per, span) = (rate.per(), rate.span());
                format!(
                    "`{}` per {per:?}: {} of {} in {span} s are left, for {} s",
                    rate.name, count.remaining, count.limit, count.resets
                )
            });
        }
        Ok(tally)
    }
}

/// From where it comes.
pub(crate) fn check_address(route: &Route, peer: &Peer, onlooker: &mut impl Onlooker) -> Result<(), No> {
    if !route.policies.addresses.iter().all(|addresses| addresses.take(peer.ip)) {
        return Err(No::because(problem::ADDRESS));
    }
    onlooker.passed("addresses", || format!("{} may ask here", peer.ip));
    Ok(())
}

/// One of those that the tenant may have under way.
pub(crate) fn hold(
    tenant: &Tenant,
    traffic: &Arc<Traffic>,
    websocket: bool,
    onlooker: &mut impl Onlooker,
) -> Result<Option<Slot>, No> {
    let (held, limit, full) = match websocket {
        true => (Held::Socket, Limit::WebSockets, problem::SOCKETS),
        false => (Held::Request, Limit::RequestsInFlight, problem::IN_FLIGHT),
    };
    let most = tenant.record.limits.of(limit);
    let slot = match onlooker.is_rehearsal() {
        true => (most == 0 || u64::from(traffic.held(held)) < most).then_some(None),
        false => traffic.hold(held, most).map(Some),
    };
    let slot = slot.ok_or_else(|| No::because(full))?;
    onlooker.passed("in flight", || {
        format!("{} of {} are under way at this node", traffic.held(held), bound(most))
    });
    Ok(slot)
}

/// Counts a request. A crowd can use up this node's share before the next is there; then the limit itself may
/// have room, and the answer that is on its way is waited for.
async fn take(
    rates: &Rates,
    budgets: &Budgets,
    shares: &Shares,
    who: Counted<'_>,
    now: u64,
) -> Result<Tally, Count> {
    let taken = rates.take(budgets, shares, who, now);
    if !taken.is_err_and(|over| over.awaited) {
        return taken;
    }
    let until = Instant::now() + SHARE_WITHIN;
    loop {
        let answered = shares.answered();
        tokio::pin!(answered);
        // Heard from now on, so that an answer between the look and the wait is not missed.
        answered.as_mut().enable();
        let taken = rates.take(budgets, shares, who, now);
        if !taken.is_err_and(|over| over.awaited) {
            return taken;
        }
        if timeout_at(until, answered).await.is_err() {
            shares.do_without();
            return rates.take(budgets, shares, who, now);
        }
    }
}

fn bound(most: u64) -> String {
    if most == 0 { "any number".to_owned() } else { most.to_string() }
}

/// The answer to one request too many says which limit that is, and when there is room again.
fn over_rate(route: &Route, count: Count) -> No {
    let rates = &route.policies.rates;
    let mut headers = HeaderMap::new();
    Tally::from(count).write(rates, &mut headers);
    headers.insert(RETRY_AFTER, HeaderValue::from(count.resets.max(1)));
    let rate = &rates.all()[count.at];
    let detail = format!(
        "The limit `{}` is {} requests in {} seconds; there is room again in {} seconds.",
        rate.name,
        count.limit,
        rate.span(),
        count.resets
    );
    No::with(problem::RATE, detail).telling(headers)
}
