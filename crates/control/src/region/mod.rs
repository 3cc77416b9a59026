//! Regions: where nodes of each listen, so that a request that enters in one reaches the tenant that another hosts.
//! A tenant that moves to another region is remembered at the old one for as long as its names may still lead there:
//! until then the old place cannot be taken away.
//!
//! Tells others `deployment.changed`. Never asks a region: handing on is the gateway's.

pub(crate) mod http;
mod lifetime;
mod list;
pub(crate) mod pages;
mod put;
mod remove;
pub(crate) mod rows;

pub use lifetime::{FromResolvers, Lifetimes, Remembered, lifetime_of};
pub(crate) use lifetime::{nobody_knows, note_move};
pub use list::{list, load};
pub use put::put;
pub use remove::remove;

use crate::deployment::Upstream;
use domain::{DeploymentId, DisplayName, Fault, Moment, Region};
use std::collections::BTreeMap;
use store::StoreError;

/// The regions and where their nodes listen, as they are stored.
pub(crate) type Gateways = BTreeMap<Region, Vec<Upstream>>;

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name, as its nodes' `home_region` says it.
    pub name: Region,
    /// Where its nodes listen for everybody.
    pub gateways: Vec<Upstream>,
    /// Until when names of tenants that moved away may still lead here.
    pub needed_until: Option<Moment>,
    /// The deployments in it, by name.
    pub deployments: Vec<(DeploymentId, DisplayName)>,
    /// How many tenants these host.
    pub tenants: u64,
}

/// How many regions there may be, and how many addresses of each.
pub const MOST: usize = 64;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// There is no such region.
    #[error("there is no region of this name")]
    Unknown,
    /// The addresses are none, too many, or one stands there twice.
    #[error("a region has 1 to {MOST} addresses, each once, and there are at most {MOST} regions")]
    Gateways,
    /// Names of tenants that moved may still lead there.
    #[error(
        "names of tenants that moved may lead there until {0}; until then it goes on handing their requests on"
    )]
    Needed(Moment),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RegionError {
    fn code(&self) -> &'static str {
        match self {
            RegionError::Unknown => "item.unknown",
            RegionError::Gateways => "input.invalid",
            RegionError::Needed(_) => "region.needed",
            RegionError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, RegionError::Gateways | RegionError::Needed(_)).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, RegionError::Gateways).then_some("gateways")
    }
}

#[cfg(test)]
mod tests;
