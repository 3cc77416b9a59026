//! Which answers of a route are kept for a while, as an operator writes it.

use super::{HeaderRuleSpec, Say, rewrite::HeaderRule};
use http::HeaderName;
use serde::{Deserialize, Serialize};

/// The longest that an answer is kept, in seconds: a day.
const LONGEST: u64 = 86_400;
/// The largest body that is kept.
const LARGEST: usize = 4 << 20;

/// Answers that are kept. What is kept at all, and for how long, their backend says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheSpec {
    /// Who may be given an answer that was made for somebody.
    #[serde(default)]
    pub share: Share,
    /// The longest that one is kept, in seconds.
    #[serde(default = "most_seconds")]
    pub most_seconds: u64,
    /// The largest body that is kept, in bytes.
    #[serde(default = "most_body")]
    pub most_body: usize,
}

/// Who may be given an answer that was made for somebody. Never anybody of another tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// The same caller.
    #[default]
    Caller,
    /// All of the tenant: for answers in which nothing depends on who asks.
    Tenant,
}

fn most_seconds() -> u64 {
    300
}

fn most_body() -> usize {
    1 << 20
}

/// The same, checked.
#[derive(Debug)]
pub(crate) struct CachePolicy {
    pub(crate) shared: bool,
    pub(crate) most_seconds: u64,
    pub(crate) most_body: usize,
    /// The headers that rules write, by which answers may differ.
    pub(crate) written: Box<[HeaderName]>,
}

impl CachePolicy {
    pub(super) fn of(
        spec: &CacheSpec,
        rules: &[HeaderRuleSpec],
        written: &[HeaderRule],
        say: Say<'_>,
    ) -> Self {
        let key = "policies.cache";
        if !(1..=LONGEST).contains(&spec.most_seconds) {
            say(key, format!("most_seconds must be 1 to {LONGEST}"));
        }
        if !(1..=LARGEST).contains(&spec.most_body) {
            say(key, format!("most_body must be 1 to {LARGEST}"));
        }
        let shared = spec.share == Share::Tenant;
        if shared && rules.iter().any(|rule| rule.fact.is_some_and(|fact| fact.is_of_caller())) {
            say(
                key,
                "what a rule says of the caller cannot be shared in the tenant; let share be `caller`".into(),
            );
        }
        let written = written.iter().map(|rule| rule.name().clone()).collect();
        CachePolicy { shared, most_seconds: spec.most_seconds, most_body: spec.most_body, written }
    }
}
