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
    /// Hostnames that a tenant has claimed and not proved.
    PendingDomains,
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
    /// Requests of one tenant that may be under way through one node at a time; 0 is no limit.
    RequestsInFlight,
    /// WebSockets of one tenant through one node at a time; 0 is no limit.
    WebSockets,
    /// Connections of clients on which one tenant is asked, at one node at a time; 0 is no limit.
    ClientConnections,
    /// For limits of routes: requests in a minute; 0 is no limit.
    ApiRequestsPerMinute,
    /// For limits of routes: requests in a day; 0 is no limit.
    ApiRequestsPerDay,
}

impl Limit {
    /// Every limit there is.
    pub const ALL: [Limit; 14] = [
        Limit::Members,
        Limit::Connections,
        Limit::Hostnames,
        Limit::PendingDomains,
        Limit::RequestsPerSecond,
        Limit::JobWeight,
        Limit::ApiKeys,
        Limit::ApiKeyDays,
        Limit::ApiKeyUnusedDays,
        Limit::RequestsInFlight,
        Limit::WebSockets,
        Limit::ClientConnections,
        Limit::ApiRequestsPerMinute,
        Limit::ApiRequestsPerDay,
    ];

    /// Its name in a plan.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::Members => "members",
            Limit::Connections => "connections",
            Limit::Hostnames => "hostnames",
            Limit::PendingDomains => "pending_domains",
            Limit::RequestsPerSecond => "requests_per_second",
            Limit::JobWeight => "job_weight",
            Limit::ApiKeys => "api_keys",
            Limit::ApiKeyDays => "api_key_days",
            Limit::ApiKeyUnusedDays => "api_key_unused_days",
            Limit::RequestsInFlight => "requests_in_flight",
            Limit::WebSockets => "websockets",
            Limit::ClientConnections => "client_connections",
            Limit::ApiRequestsPerMinute => "api_requests_per_minute",
            Limit::ApiRequestsPerDay => "api_requests_per_day",
        }
    }

    /// What holds where a plan says nothing.
    pub const fn default_value(self) -> u64 {
        match self {
            Limit::Members => 100_000,
            Limit::Connections => 10,
            Limit::Hostnames => 20,
            Limit::PendingDomains => 10,
            Limit::RequestsPerSecond => 0,
            Limit::JobWeight => 1,
            Limit::ApiKeys => 1_000,
            Limit::ApiKeyDays => 365,
            Limit::ApiKeyUnusedDays => 90,
            // Half of what one upstream takes, and a quarter: no tenant alone can hold all of its connections.
            Limit::RequestsInFlight => 512,
            Limit::WebSockets => 256,
            // A quarter of what a node takes, so that no tenant alone can hold all of them.
            Limit::ClientConnections => 5_000,
            Limit::ApiRequestsPerMinute | Limit::ApiRequestsPerDay => 0,
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
