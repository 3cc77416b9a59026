//! Policies: what an operator asks of the requests of a route, and does to them, beyond who may. They are data
//! on routes, checked and refused whole with them, and in force on every node as soon as the routes are.
//!
//! No policy names a tenant: what varies between tenants is said by their plans and settings.

mod address;
pub(crate) mod attack;
pub(crate) mod budget;
pub(crate) mod cache;
pub(crate) mod cors;
mod enforce;
pub(crate) mod literal;
pub(crate) mod log;
pub(crate) mod rate;
pub(crate) mod rewrite;
pub(crate) mod scope;
pub(crate) mod screen;
pub(crate) mod share;

pub use address::AddressSpec;
pub use attack::{AttackSpec, Bodies, Family};
pub use cache::{CacheSpec, Share};
pub use cors::CorsSpec;
pub(crate) use enforce::{Allowance, Said, check_address, hold};
pub use log::{Detail, LogSpec, Logged};
pub use rate::{Bound, Per, RateSpec};
pub use rewrite::{Fact, HeaderRuleSpec, RewriteSpec};
pub use scope::ScopeSpec;
pub(crate) use scope::of_product;
pub use screen::{Mode, ScreenSpec};
pub use share::{ShareAsk, Shares};

use protocol::expression::Expression;
use serde::{Deserialize, Serialize};

/// The policies of a route. Every one of them may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// How many requests are taken in a time.
    #[serde(default)]
    pub limits: Vec<RateSpec>,
    /// From where requests are taken.
    #[serde(default)]
    pub addresses: AddressSpec,
    /// Which pages of other origins may read answers.
    #[serde(default)]
    pub cors: Option<CorsSpec>,
    /// What is done to the header of what is forwarded.
    #[serde(default)]
    pub request_headers: Vec<HeaderRuleSpec>,
    /// What is done to the header of what comes back.
    #[serde(default)]
    pub answer_headers: Vec<HeaderRuleSpec>,
    /// Which shapes of requests are taken.
    #[serde(default)]
    pub screen: Option<ScreenSpec>,
    /// What becomes of the path and the query.
    #[serde(default)]
    pub rewrite: Option<RewriteSpec>,
    /// Which answers are kept for a while.
    #[serde(default)]
    pub cache: Option<CacheSpec>,
    /// What is written down of its requests.
    #[serde(default)]
    pub log: Option<LogSpec>,
    /// From where requests are taken by the scopes above.
    #[serde(skip)]
    pub(crate) above: Vec<AddressSpec>,
}

/// The policies of a route that was checked.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) rates: rate::Rates,
    pub(crate) addresses: Box<[address::Addresses]>,
    pub(crate) cors: Option<cors::Cors>,
    pub(crate) request_headers: Box<[rewrite::HeaderRule]>,
    pub(crate) answer_headers: Box<[rewrite::HeaderRule]>,
    pub(crate) screen: Option<screen::Screen>,
    pub(crate) rewrite: Option<rewrite::Rewrite>,
    pub(crate) cache: Option<cache::CachePolicy>,
    pub(crate) log: LogSpec,
    /// Whether anything of it is asked of a caller by an expression.
    pub(crate) asks_by_expression: bool,
    /// Whether an expression speaks of what a token says.
    pub(crate) asks_for_claims: bool,
}

/// What is wrong with a policy: the key under `policies`, and what would be right.
pub(crate) type Say<'s> = &'s mut dyn FnMut(&'static str, String);

impl Policies {
    /// The policies that these describe; every mistake in them is said. `route` is the route's name, and `most` what is
    /// read of a body there.
    pub(crate) fn of(spec: &PolicySpec, (route, most): (&str, u64), say: Say<'_>) -> Self {
        literal::check_ids(spec, say);
        let mut policies = Policies {
            rates: rate::Rates::of(&spec.limits, route, say),
            addresses: spec
                .above
                .iter()
                .chain([&spec.addresses])
                .map(|addresses| address::Addresses::of(addresses, say))
                .collect(),
            log: spec.log.clone().unwrap_or_default(),
            cors: spec.cors.as_ref().map(|cors| cors::Cors::of(cors, say)),
            request_headers: rewrite::rules(&spec.request_headers, rewrite::Side::Request, say),
            answer_headers: rewrite::rules(&spec.answer_headers, rewrite::Side::Answer, say),
            screen: spec.screen.as_ref().map(|screen| screen::Screen::of(screen, most, say)),
            rewrite: spec.rewrite.as_ref().map(|rewrite| rewrite::Rewrite::of(rewrite, say)),
            cache: None,
            asks_by_expression: false,
            asks_for_claims: false,
        };
        policies.cache = spec.cache.as_ref().map(|cache| {
            cache::CachePolicy::of(cache, &spec.request_headers, &policies.request_headers, say)
        });
        let mut expressions = policies.expressions().peekable();
        let asks = expressions.peek().is_some();
        let claims = expressions.any(|expression| expression.speaks_of("claims"));
        drop(expressions);
        (policies.asks_by_expression, policies.asks_for_claims) = (asks, claims);
        policies
    }

    /// The expressions that are worked out when the caller is known.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let rules = self.request_headers.iter().flat_map(rewrite::HeaderRule::expressions);
        let limits = self.rates.all().iter().filter_map(|rate| rate.when.as_ref());
        rules.chain(limits).chain(self.rewrite.iter().flat_map(rewrite::Rewrite::expressions))
    }
}
