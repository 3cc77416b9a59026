//! Hostnames: a tenant's own addresses besides the one made of its slug. Each belongs to one tenant at
//! most, and rests for a while when it is given back.
//!
//! The operator adds them here, and vouches for them; what a tenant's admin claims and proves comes from
//! [`crate::own_domain`]. Tells others `tenant.changed`.

mod add;
pub(crate) mod http;
mod list;
mod remove;
pub(crate) mod rows;

pub use add::add;
pub(crate) use add::within_plan;
pub use list::list;
pub use remove::remove;

use domain::{Fault, Hostname, Moment};
use store::StoreError;
use web::Hosts;

/// A tenant's own hostname.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnHostname {
    /// The name.
    pub host: Hostname,
    /// Since when the tenant has it.
    pub since: Moment,
}

/// Names that no tenant can have for its own: the platform's, and all beneath the base domain, which are
/// made of slugs.
#[derive(Clone, Debug)]
pub struct Reserved {
    base_domain: String,
    platform: Vec<String>,
}

impl Reserved {
    /// What is reserved where the platform answers at these addresses.
    pub fn by(hosts: &Hosts) -> Self {
        let name = |authority: &str| match authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
            _ => authority.to_owned(),
        };
        let platform = [&hosts.id, &hosts.console, &hosts.api];
        Reserved {
            base_domain: hosts.base_domain.to_string(),
            platform: platform.into_iter().map(|url| name(url.authority())).collect(),
        }
    }

    /// Whether this name is one of them.
    pub fn holds(&self, host: &Hostname) -> bool {
        let host = host.as_str();
        let beneath = host.strip_suffix(self.base_domain.as_str()).is_some_and(|rest| rest.ends_with('.'));
        host == self.base_domain || beneath || self.platform.iter().any(|taken| taken == host)
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum HostnameError {
    /// No tenant has this id.
    #[error("there is no tenant with this id")]
    UnknownTenant,
    /// The tenant has no such hostname.
    #[error("the tenant has no such hostname")]
    Unknown,
    /// The hostname is another tenant's.
    #[error("the hostname belongs to another tenant")]
    Taken,
    /// The hostname was given back not long ago and is kept from others for a while.
    #[error("the hostname rests until {until}")]
    Resting {
        /// Until when.
        until: Moment,
    },
    /// The hostname is the platform's own, or made of a slug.
    #[error("the hostname belongs to the platform")]
    Reserved,
    /// The plan allows no more.
    #[error("the plan allows {most} hostnames")]
    PlanLimit {
        /// How many it allows.
        most: u64,
    },
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for HostnameError {
    fn code(&self) -> &'static str {
        match self {
            HostnameError::UnknownTenant | HostnameError::Unknown => "item.unknown",
            HostnameError::Taken => "hostname.taken",
            HostnameError::Resting { .. } => "hostname.resting",
            HostnameError::Reserved => "hostname.reserved",
            HostnameError::PlanLimit { .. } => "plan.limit",
            HostnameError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            HostnameError::Resting { .. } | HostnameError::PlanLimit { .. } => Some(self.to_string()),
            _ => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            HostnameError::UnknownTenant | HostnameError::Unknown | HostnameError::Store(_) => None,
            _ => Some("host"),
        }
    }
}

#[cfg(test)]
mod tests;
