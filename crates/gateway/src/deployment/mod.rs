//! Deployments: the backends that host tenants, the connections kept to them, and who of them gets what. Who is
//! hosted where is in the tenant's entry; this only knows how to get there.

mod affinity;
mod budget;
mod check;
mod choose;
mod connect;
mod eject;
mod exposure;
mod health;
mod line;
mod origin;
mod pool;
mod sender;
mod standing;

pub(crate) use affinity::Wish;
pub(crate) use choose::Places;
pub(crate) use connect::bare;
pub(crate) use line::{Errand, Line};
pub use origin::{BadOrigin, UpstreamOrigin};
pub(crate) use pool::{Lease, Load, NoLease, Upstream};
pub use standing::{UpstreamStanding, UpstreamState};

use crate::{RouteFault, RouteSpec, limits};
use arc_swap::ArcSwap;
use budget::Budget;
use domain::{Balancing, DeploymentId, digest::MacKey};
use eject::Windows;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tokio_rustls::rustls::ClientConfig;

/// A deployment as it is handed in.
#[derive(Clone, Debug)]
pub struct DeploymentSpec {
    /// Its id, and the audience of its context tokens.
    pub id: DeploymentId,
    /// The region that it is in; none where it is asked from wherever a request enters.
    pub region: Option<String>,
    /// Where its backends listen, as `http://host:port`, `https://host:port`, or `h2c://host:port` for HTTP/2 in plain
    /// text. None is allowed: its tenants are then told that the application is not set up.
    pub upstreams: Vec<UpstreamOrigin>,
    /// How requests are shared among them.
    pub balancing: Balancing,
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

/// The most backends of a deployment that are looked at; a place of each is a bit.
pub(crate) const MOST_UPSTREAMS: usize = 64;

/// A set of backends that hosts tenants.
pub(crate) struct Deployment {
    pub(crate) id: DeploymentId,
    pub(crate) region: Option<Box<str>>,
    pub(crate) proof: MacKey,
    pub(crate) balancing: Balancing,
    members: Box<[Member]>,
    /// The turns of its backends, by their weights.
    order: Box<[u8]>,
    next: AtomicUsize,
    budget: Budget,
    /// How many requests were tried again.
    retried: AtomicU64,
    windows: Mutex<Windows>,
    /// What the cookie is called by which a browser says where it was.
    cookie: Box<str>,
}

/// A backend of a deployment.
pub(crate) struct Member {
    pub(crate) upstream: Arc<Upstream>,
    weight: u32,
    /// What a cookie says of it.
    tag: Box<str>,
    /// What keys are compared with.
    seed: u64,
}

/// All deployments, exchanged as a whole.
pub(crate) struct Deployments {
    all: ArcSwap<HashMap<DeploymentId, Arc<Deployment>>>,
    /// Those that were replaced as well, for as long as anything is under way to them.
    upstreams: Mutex<Vec<Weak<Upstream>>>,
    connections: Arc<Connections>,
    /// Whether cookies are for https only.
    secure: bool,
    changed: Notify,
}

impl Deployments {
    pub(crate) fn new(connections: Connections, secure: bool) -> Self {
        Deployments {
            all: ArcSwap::default(),
            upstreams: Mutex::default(),
            connections: Arc::new(connections),
            secure,
            changed: Notify::new(),
        }
    }

    /// Puts these in place of those before. Connections to upstreams that stay are kept, and what is known of them.
    pub(crate) fn set(&self, specs: Vec<DeploymentSpec>) {
        let before = self.all.load();
        let deployment = |spec: DeploymentSpec| (spec.id, Arc::new(self.deployment(&before, spec)));
        let all: HashMap<_, _> = specs.into_iter().map(deployment).collect();
        self.all.store(Arc::new(all));
        self.changed.notify_one();
    }

    fn deployment(
        &self,
        before: &HashMap<DeploymentId, Arc<Deployment>>,
        spec: DeploymentSpec,
    ) -> Deployment {
        let DeploymentSpec { id, region, mut upstreams, balancing, proof_secret } = spec;
        let old = before.get(&id);
        upstreams.truncate(MOST_UPSTREAMS);
        let member = |origin: UpstreamOrigin| {
            let address = origin.to_string();
            let kept = old.and_then(|old| old.members.iter().find(|member| member.upstream.origin == origin));
            let upstream = match kept {
                Some(member) => member.upstream.clone(),
                None => self.upstream(origin),
            };
            upstream.health.is_asked(balancing.check.is_some());
            Member {
                upstream,
                weight: balancing.weight_of(&address),
                tag: affinity::tag(&proof_secret, &address),
                seed: address.bytes().fold(0, |seed, byte| choose::scatter(seed ^ u64::from(byte))),
            }
        };
        let members: Box<[Member]> = upstreams.into_iter().map(member).collect();
        let weights: Vec<u32> = members.iter().map(|member| member.weight).collect();
        Deployment {
            id,
            region: region.map(Box::from),
            order: choose::order(&weights),
            next: AtomicUsize::new(0),
            budget: Budget::new(balancing.retry.budget_percent),
            retried: AtomicU64::new(old.map_or(0, |old| old.retried.load(Relaxed))),
            windows: Mutex::default(),
            cookie: affinity::cookie_name(self.secure, id),
            proof: proof_secret,
            balancing,
            members,
        }
    }

    fn upstream(&self, origin: UpstreamOrigin) -> Arc<Upstream> {
        let upstream = Arc::new(Upstream::new(origin, self.connections.clone()));
        self.upstreams.lock().push(Arc::downgrade(&upstream));
        upstream
    }

    pub(crate) fn get(&self, id: DeploymentId) -> Option<Arc<Deployment>> {
        self.all.load().get(&id).cloned()
    }

    /// The deployments that routes name and nobody made.
    pub(crate) fn unknown_to(&self, routes: &[RouteSpec]) -> Vec<RouteFault> {
        let all = self.all.load();
        let unknown = |named: &&String| named.parse().is_ok_and(|id: DeploymentId| !all.contains_key(&id));
        let of_route = |route: &RouteSpec| -> Vec<_> {
            let named = route.deployments.iter().flat_map(|(hosts, answers)| [hosts, answers]);
            let fault = |named: &String| RouteFault {
                route: route.name.clone(),
                key: "deployments",
                what: format!("there is no deployment `{named}`"),
            };
            named.filter(unknown).map(fault).collect()
        };
        routes.iter().flat_map(of_route).collect()
    }

    /// Closes what was kept for too long, cuts what is held and should not be, and leaves out for a while what
    /// answers badly. To be called every second or so.
    pub(crate) fn sweep(&self) {
        self.all.load().values().for_each(|deployment| deployment.look_for_outliers());
        let mut upstreams = self.upstreams.lock();
        upstreams.retain(|upstream| upstream.strong_count() > 0);
        upstreams.iter().filter_map(Weak::upgrade).for_each(|upstream| upstream.sweep());
    }
}

impl Deployment {
    /// Which upstream to try now, beside those that were tried; none where no other may be.
    pub(crate) fn choose(&self, tried: Places, wish: Wish) -> Option<usize> {
        if let [only] = &*self.members {
            return (tried.count() == 0 && !only.upstream.health.is_down()).then_some(0);
        }
        if let Wish::Again(at) = wish
            && !tried.hold(at)
            && self.members[at].upstream.health.is_well()
        {
            return Some(at);
        }
        let open = self.open(tried);
        if open.count() == 0 {
            return None;
        }
        Some(match wish {
            Wish::Key(key) => choose::by_key(&self.members, open, key),
            Wish::Anybody | Wish::Again(_) => {
                // A further try takes no turn, or every second turn would be of one that failed.
                let is_first = tried.count() == 0;
                let turn = if is_first { self.next.fetch_add(1, Relaxed) } else { self.next.load(Relaxed) };
                choose::choose(self.balancing.choose, &self.members, &self.order, open, turn)
            }
        })
    }

    /// Those that may be tried: the well ones. Where there are none of these, those that could not be reached lately or
    /// are ejected, for there may be no others; never one that says of itself that it is not well.
    fn open(&self, tried: Places) -> Places {
        let (mut well, mut rest) = (Places::default(), Places::default());
        for (at, member) in self.members.iter().enumerate().filter(|(_, member)| member.weight > 0) {
            let health = &member.upstream.health;
            if health.is_well() {
                well.add(at);
            } else if !health.is_down() {
                rest.add(at);
            }
        }
        well.without(tried).or(rest.without(tried))
    }

    /// Whether there is another that may be tried.
    pub(crate) fn has_other(&self, tried: Places) -> bool {
        self.open(tried).count() > 0
    }

    pub(crate) fn at(&self, at: usize) -> &Arc<Upstream> {
        &self.members[at].upstream
    }

    pub(crate) fn has_upstreams(&self) -> bool {
        !self.members.is_empty()
    }

    pub(crate) fn has_several(&self) -> bool {
        self.members.len() > 1
    }

    /// Whether a request may be tried at another upstream at all.
    pub(crate) fn tries_again(&self) -> bool {
        self.has_several() && self.balancing.retry.tries > 0
    }

    /// A request was taken.
    pub(crate) fn earn(&self) {
        if self.has_several() {
            self.budget.earn();
        }
    }

    /// Whether one more request may be tried again.
    pub(crate) fn spend(&self) -> bool {
        let may = self.budget.spend();
        if may {
            self.retried.fetch_add(1, Relaxed);
        }
        may
    }
}
