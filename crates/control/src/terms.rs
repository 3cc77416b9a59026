//! How long things last in this room, and where new ones are at home. Every one of them is a setting.

use domain::Region;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long a name that was given back is kept from others.
    pub quarantine: Duration,
    /// How long the one-time link for a tenant's first admin is good.
    pub invitation: Duration,
    /// How long the one-time link for the first operator is good.
    pub bootstrap: Duration,
    /// The longest an operator token may live.
    pub token: Duration,
    /// How long a session lives without being used, in a tenant that has not said otherwise.
    pub session_idle: Duration,
    /// How long a session lives at most, in a tenant that has not said otherwise.
    pub session_life: Duration,
    /// How long a claim of a domain waits for its proof.
    pub domain_claim: Duration,
    /// How often the proof of a domain is looked at again.
    pub domain_recheck: Duration,
    /// How long a domain goes on whose proof is missing.
    pub domain_grace: Duration,
    /// How long names are taken to be remembered at the least, after a tenant has moved to another region.
    pub name_lifetime: Duration,
    /// Where a tenant is at home of which nothing else is said, the house among them.
    pub home_region: Region,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            quarantine: DAY * 30,
            invitation: DAY * 7,
            bootstrap: HOUR,
            token: DAY * 90,
            session_idle: HOUR * 8,
            session_life: DAY * 7,
            domain_claim: DAY * 7,
            domain_recheck: DAY,
            domain_grace: DAY * 14,
            name_lifetime: HOUR,
            home_region: Region::default(),
        }
    }
}
