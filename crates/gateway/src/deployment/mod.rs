//! Deployments: the backends that host tenants, and the connections kept to them. Who is hosted where is
//! in the tenant's entry; this only knows how to get there.

mod connect;
mod line;
mod origin;
mod pool;

pub(crate) use line::{Errand, Line};
pub use origin::{BadOrigin, UpstreamOrigin};
pub(crate) use pool::{Lease, NoLease, Upstream};

use crate::limits;
use arc_swap::ArcSwap;
use domain::{DeploymentId, digest::MacKey};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio_rustls::rustls::ClientConfig;

/// A deployment as it is handed in.
#[derive(Clone, Debug)]
pub struct DeploymentSpec {
    /// Its id, and the audience of its context tokens.
    pub id: DeploymentId,
    /// Where its backends listen, as `http://host:port` or `https://host:port`. None is allowed: its
    /// tenants are then told that the application is not set up.
    pub upstreams: Vec<UpstreamOrigin>,
    /// What proofs to it are made with.
    pub proof_secret: MacKey,
}

/// How connections to upstreams are made and kept.
#[derive(Clone, Debug)]
pub struct Connections {
    /// How long connecting may take, TLS included.
    pub connect_within: Duration,
    /// Open connections to one upstream.
    pub most: usize,
    /// Of these, those that may be held for one client's address at a time.
    pub most_per_client: usize,
    /// Kept connections to one upstream.
    pub most_idle: usize,
    /// How long a connection is kept.
    pub keep: Duration,
    /// A kept connection that was used more lately than this is very unlikely to have been closed, so no
    /// copy of a request is made for that case.
    pub surely_open: Duration,
    /// For how long an upstream that cannot be reached is passed over.
    pub pass_over: Duration,
    /// Whom https upstreams are trusted by; without it they count as unreachable.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Default for Connections {
    fn default() -> Self {
        Connections {
            connect_within: limits::CONNECT_WITHIN,
            most: limits::MOST_CONNECTIONS,
            most_per_client: limits::MOST_CONNECTIONS_PER_CLIENT,
            most_idle: limits::MOST_IDLE_CONNECTIONS,
            keep: limits::KEEP_CONNECTION,
            surely_open: limits::SURELY_OPEN,
            pass_over: limits::PASS_OVER,
            tls: None,
        }
    }
}

/// A set of backends that hosts tenants.
pub(crate) struct Deployment {
    pub(crate) proof: MacKey,
    upstreams: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

/// All deployments, exchanged as a whole.
pub(crate) struct Deployments {
    all: ArcSwap<HashMap<DeploymentId, Arc<Deployment>>>,
    /// Those that were replaced as well, for as long as anything is under way to them.
    upstreams: Mutex<Vec<Weak<Upstream>>>,
    connections: Arc<Connections>,
}

impl Deployments {
    pub(crate) fn new(connections: Connections) -> Self {
        Deployments {
            all: ArcSwap::default(),
            upstreams: Mutex::default(),
            connections: Arc::new(connections),
        }
    }

    /// Puts these in place of those before. Connections to upstreams that stay are kept.
    pub(crate) fn set(&self, specs: Vec<DeploymentSpec>) {
        let before = self.all.load();
        let deployment = |spec: DeploymentSpec| {
            let old = before.get(&spec.id);
            let upstream = |origin: UpstreamOrigin| {
                let kept =
                    old.and_then(|old| old.upstreams.iter().find(|upstream| upstream.origin == origin));
                kept.cloned().unwrap_or_else(|| self.upstream(origin))
            };
            let upstreams = spec.upstreams.into_iter().map(upstream).collect();
            (spec.id, Arc::new(Deployment { proof: spec.proof_secret, upstreams, next: AtomicUsize::new(0) }))
        };
        let all: HashMap<_, _> = specs.into_iter().map(deployment).collect();
        self.all.store(Arc::new(all));
    }

    fn upstream(&self, origin: UpstreamOrigin) -> Arc<Upstream> {
        let upstream = Arc::new(Upstream::new(origin, self.connections.clone()));
        self.upstreams.lock().push(Arc::downgrade(&upstream));
        upstream
    }

    pub(crate) fn get(&self, id: DeploymentId) -> Option<Arc<Deployment>> {
        self.all.load().get(&id).cloned()
    }

    /// Closes what was kept for too long, and cuts what is held and should not be.
    pub(crate) fn sweep(&self) {
        let mut upstreams = self.upstreams.lock();
        upstreams.retain(|upstream| upstream.strong_count() > 0);
        upstreams.iter().filter_map(Weak::upgrade).for_each(|upstream| upstream.sweep());
    }
}

impl Deployment {
    /// The upstreams in the order in which they should be tried now: in turns, those that could not be
    /// reached lately at the end. They are tried all the same, for there may be no others.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        let count = self.upstreams.len();
        let first = self.next.fetch_add(1, Relaxed);
        let turn = move |at: usize| &self.upstreams[first.wrapping_add(at) % count];
        let up = (0..count).map(turn).filter(|upstream| !upstream.is_passed_over());
        let down = (0..count).map(turn).filter(|upstream| upstream.is_passed_over());
        up.chain(down)
    }

    pub(crate) fn has_upstreams(&self) -> bool {
        !self.upstreams.is_empty()
    }
}
