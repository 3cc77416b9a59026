//! Regions: a request that enters anywhere reaches the region that hosts its tenant. The node where it enters only
//! finds out whose it is; it is handed on as the client sent it, and everything else is decided where the tenant is
//! at home, once. What is said between nodes is signed, so that no client can say it.

mod hop;
mod relay;
mod seen;

pub(crate) use hop::Hop;
pub(crate) use relay::Elsewhere;

use crate::deployment::{Connections, Deployment, DeploymentSpec, Deployments, UpstreamOrigin};
use arc_swap::ArcSwapOption;
use domain::{Balancing, DeploymentId, Digest, digest::MacKey};
use std::sync::Arc;

/// A region as it is handed in.
#[derive(Clone, Debug)]
pub struct RegionSpec {
    /// Its name.
    pub name: String,
    /// Where its nodes listen for everybody.
    pub gateways: Vec<UpstreamOrigin>,
}

/// The regions beside our own.
pub(crate) struct Regions {
    own: Box<str>,
    /// A region's nodes are to us what backends are: several addresses of which one is tried after the other.
    gateways: Deployments,
    key: ArcSwapOption<MacKey>,
    seen: seen::Seen,
}

impl Regions {
    pub(crate) fn new(own: &str, connections: Connections) -> Self {
        Regions {
            own: own.into(),
            gateways: Deployments::new(connections, true),
            key: ArcSwapOption::empty(),
            seen: seen::Seen::default(),
        }
    }

    /// Puts these in place of those before. Nodes know each other by what is signed with `key`.
    pub(crate) fn set(&self, regions: Vec<RegionSpec>, key: MacKey) {
        let gateways = |region: RegionSpec| DeploymentSpec {
            id: number(&region.name),
            region: None,
            upstreams: region.gateways,
            // Their answers are the answer, whatever they say.
            balancing: Balancing {
                retry: domain::balance::Retry { statuses: Vec::new(), ..Default::default() },
                ..Balancing::default()
            },
            proof_secret: key.clone(),
        };
        let others = regions.into_iter().filter(|region| *region.name != *self.own);
        self.gateways.set(others.map(gateways).collect());
        self.key.store(Some(Arc::new(key)));
    }

    /// The nodes that a request for a deployment in this region is handed to; none where it is asked from here.
    fn leads_to(&self, region: &str) -> Option<Arc<Deployment>> {
        if *region == *self.own {
            return None;
        }
        self.gateways.get(number(region)).filter(|there| there.has_upstreams())
    }

    pub(crate) fn sweep(&self) {
        self.gateways.sweep();
    }
}

/// Regions are known by their names, and sets of addresses by a number.
fn number(region: &str) -> DeploymentId {
    DeploymentId::from_bits(Digest::of(region.as_bytes()).first_half())
}
