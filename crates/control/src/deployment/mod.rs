//! Deployments: sets of backends that host tenants.
//!
//! Each has a proof secret, by which its backends tell a request of the gateway from any other. It is
//! shown when it is made and never again. To roll it without a refused request there are two steps: the
//! next secret is made and given to the backends, which then take either; after that it takes over.
//!
//! Tells others `deployment.changed`. Never calls a backend: that is the gateway's.

mod change;
mod create;
pub(crate) mod http;
mod list;
mod load;
pub(crate) mod pages;
mod read;
mod roll;
pub(crate) mod rows;
mod secret;
mod standing;
mod upstream;

pub use change::{Changes, change};
pub use create::{NewDeployment, create};
pub(crate) use list::by_region;
pub use list::list;
pub use load::{Loaded, load_all};
pub use read::read;
pub use roll::{prepare, take_over};
pub(crate) use secret::ProofSecrets;
pub use standing::{AskDirectly, BackendStanding, BackendState, StandingOf, look_for_exposure, standing};
pub(crate) use standing::{nobody_asks, nobody_stands};
pub use upstream::{BadUpstream, Upstream};

use domain::{Balancing, DeploymentId, DisplayName, Fault, Moment, Region, Secret};
use store::StoreError;

/// A deployment, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its id; the audience of the context tokens that its backends get.
    pub id: DeploymentId,
    /// Its name.
    pub name: DisplayName,
    /// Its backends.
    pub upstreams: Vec<Upstream>,
    /// How requests are shared among them.
    pub balancing: Balancing,
    /// The region that it is in; none where every node asks it.
    pub region: Option<Region>,
    /// When it last changed.
    pub changed_at: Moment,
}

/// A deployment with a proof secret that was just made.
#[derive(Debug)]
pub struct WithSecret {
    /// The deployment.
    pub deployment: Deployment,
    /// The secret, to be shown once.
    pub secret: Secret<String>,
}

/// The most backends of one deployment.
pub const MOST_UPSTREAMS: usize = 64;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// No deployment has this id.
    #[error("there is no deployment with this id")]
    Unknown,
    /// Another deployment is called so.
    #[error("another deployment has this name")]
    NameTaken,
    /// The list of backends holds one twice, or too many.
    #[error("a deployment has at most {MOST_UPSTREAMS} backends, each once")]
    Upstreams,
    /// How requests are shared has mistakes; these.
    #[error("{}", .0.join("; "))]
    Balancing(Vec<String>),
    /// No next secret was made that could take over.
    #[error("make the next secret before it can take over")]
    NothingPrepared,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for DeploymentError {
    fn code(&self) -> &'static str {
        match self {
            DeploymentError::Unknown => "item.unknown",
            DeploymentError::NameTaken => "name.taken",
            DeploymentError::Upstreams | DeploymentError::Balancing(_) => "input.invalid",
            DeploymentError::NothingPrepared => "deployment.nothing-prepared",
            DeploymentError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, DeploymentError::Upstreams | DeploymentError::Balancing(_)).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            DeploymentError::NameTaken => Some("name"),
            DeploymentError::Upstreams => Some("upstreams"),
            DeploymentError::Balancing(_) => Some("balancing"),
            _ => None,
        }
    }
}

impl Deployment {
    /// The name of its region; empty for none.
    pub(crate) fn region(&self) -> &str {
        self.region.as_ref().map_or("", Region::as_str)
    }

    /// The same with weights by addresses as they are kept, and without those that say nothing; or what is wrong with
    /// its backends.
    pub(crate) fn sound(mut self) -> Result<Self, DeploymentError> {
        let upstreams = &self.upstreams;
        let once = upstreams.iter().enumerate().all(|(at, upstream)| !upstreams[..at].contains(upstream));
        if !once || upstreams.len() > MOST_UPSTREAMS {
            return Err(DeploymentError::Upstreams);
        }
        let kept = |(address, weight): (String, u32)| {
            (weight != 1)
                .then(|| (address.parse().map_or(address, |kept: Upstream| kept.to_string()), weight))
        };
        self.balancing.weights =
            std::mem::take(&mut self.balancing.weights).into_iter().filter_map(kept).collect();
        let addresses: Vec<_> = self.upstreams.iter().map(Upstream::as_str).collect();
        match self.balancing.faults(&addresses) {
            faults if faults.is_empty() => Ok(self),
            faults => Err(DeploymentError::Balancing(faults)),
        }
    }
}

#[cfg(test)]
mod tests;
