//! Plans are data: limits with numbers, entitlements with names.

use std::collections::{BTreeMap, BTreeSet};

/// Something a plan switches on, for example `audit.export`.
pub type Entitlement = String;

/// A bound with a name, for example `members` or `connections`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Members of a tenant that are not removed.
    Members,
    /// Connections of a tenant.
    Connections,
    /// Hostnames of a tenant besides its slug.
    Hostnames,
    /// Requests a second through the gateway; 0 is no limit.
    RequestsPerSecond,
    /// How many background jobs a tenant gets in a round in which others with a weight of 1 get one.
    JobWeight,
    /// API keys of a tenant that work.
    ApiKeys,
    /// For how many days an API key may live; 0 is no limit.
    ApiKeyDays,
    /// After how many days without use an API key is switched off; 0 is never.
    ApiKeyUnusedDays,
}

impl Limit {
    /// Every limit there is.
    pub const ALL: [Limit; 8] = [
        Limit::Members,
        Limit::Connections,
        Limit::Hostnames,
        Limit::RequestsPerSecond,
        Limit::JobWeight,
        Limit::ApiKeys,
        Limit::ApiKeyDays,
        Limit::ApiKeyUnusedDays,
    ];

    /// Its name in a plan.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::Members => "members",
            Limit::Connections => "connections",
            Limit::Hostnames => "hostnames",
            Limit::RequestsPerSecond => "requests_per_second",
            Limit::JobWeight => "job_weight",
            Limit::ApiKeys => "api_keys",
            Limit::ApiKeyDays => "api_key_days",
            Limit::ApiKeyUnusedDays => "api_key_unused_days",
        }
    }

    /// What holds where a plan says nothing.
    pub const fn default_value(self) -> u64 {
        match self {
            Limit::Members => 100_000,
            Limit::Connections => 10,
            Limit::Hostnames => 20,
            Limit::RequestsPerSecond => 0,
            Limit::JobWeight => 1,
            Limit::ApiKeys => 1_000,
            Limit::ApiKeyDays => 365,
            Limit::ApiKeyUnusedDays => 90,
        }
    }
}

/// What a plan allows. Unknown names are refused when a plan is written, so none is ever ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Bounds by name.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// What is switched on.
    #[serde(default)]
    pub entitlements: BTreeSet<Entitlement>,
}

impl Limits {
    /// The bound that holds for `limit`.
    pub fn of(&self, limit: Limit) -> u64 {
        self.limits.get(limit.name()).copied().unwrap_or(limit.default_value())
    }
}
