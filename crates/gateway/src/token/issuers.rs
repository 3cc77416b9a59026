//! The issuers that are registered, with the keys that they published. What changes about an issuer makes everything
//! that was believed from it be asked again.

use access::TokenHolder;
use arc_swap::{ArcSwap, ArcSwapOption};
use domain::{
    Digest, IssuerId, IssuerRules, Moment, TenantFrom, TenantId, digest::MacKey, issuer::name_hash,
};
use parking_lot::Mutex;
use protocol::{JwkSet, jose::Algorithm};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// How often at most one issuer's keys are asked for because a token names one that is not known.
const ASKED_EACH: Duration = Duration::from_secs(5);
/// How long a request waits for keys that somebody else fetches.
const WAIT: Duration = Duration::from_secs(3);

/// An issuer as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSpec {
    /// Its id.
    pub id: IssuerId,
    /// What is asked of its tokens.
    pub rules: IssuerRules,
    /// At which tenants its users are, by the keyed hash of their names.
    pub users: HashMap<Digest, Vec<TenantId>>,
}

/// How an issuer's keys stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerStanding {
    /// The issuer.
    pub id: IssuerId,
    /// Its name.
    pub issuer: String,
    /// Where its keys lie, if it does not say so itself.
    pub jwks_uri: Option<String>,
    /// Whether a token wants keys that are not known.
    pub wanted: bool,
    /// How many of its keys can be used.
    pub keys: usize,
    /// When they were fetched.
    pub fetched: Option<Moment>,
    /// Until when they are believed.
    pub until: Option<Moment>,
    /// Why they could not be fetched the last time, if they could not.
    pub failure: Option<String>,
}

/// All of them.
pub(crate) struct Issuers {
    register: ArcSwap<Register>,
    wanted: Notify,
}

struct Register {
    by_name: HashMap<Box<str>, Arc<Issuer>>,
    names: MacKey,
}

/// One issuer.
pub(crate) struct Issuer {
    pub(crate) spec: IssuerSpec,
    pub(crate) algorithms: Vec<Algorithm>,
    shelf: ArcSwapOption<Shelf>,
    /// Rises whenever its keys change.
    epoch: AtomicU64,
    /// Whether another has taken its place, or none.
    retired: AtomicBool,
    asking: AtomicBool,
    ask_again: AtomicI64,
    renewed: Notify,
    failure: Mutex<Option<String>>,
}

/// Keys as they were published.
pub(crate) struct Shelf {
    pub(crate) keys: JwkSet,
    mark: Digest,
    fetched: Moment,
    pub(crate) until: Moment,
}

impl Default for Issuers {
    fn default() -> Self {
        let register = Register { by_name: HashMap::new(), names: MacKey::new(b"nobody's names") };
        Issuers { register: ArcSwap::from_pointee(register), wanted: Notify::new() }
    }
}

impl Issuers {
    pub(super) fn set(&self, specs: Vec<IssuerSpec>, names: MacKey) {
        let before = self.register.load_full();
        let mut by_name = HashMap::new();
        for spec in specs {
            let name: Box<str> = spec.rules.issuer.as_str().into();
            let held = before.by_name.get(&name);
            let issuer = match held {
                Some(held) if held.spec == spec => held.clone(),
                held => Arc::new(Issuer::new(spec, held.map(Arc::as_ref))),
            };
            by_name.insert(name, issuer);
        }
        let stays = |name: &str, old: &Arc<Issuer>| {
            by_name.get(name).is_some_and(|new: &Arc<Issuer>| Arc::ptr_eq(old, new))
        };
        let gone: Vec<_> = before.by_name.iter().filter(|(name, old)| !stays(name, old)).collect();
        gone.iter().for_each(|(_, old)| old.retired.store(true, Relaxed));
        self.register.store(Arc::new(Register { by_name, names }));
        // Those that are new have no keys yet.
        self.wanted.notify_one();
    }

    /// The issuer of this name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Issuer>> {
        self.register.load().by_name.get(name).cloned()
    }

    fn by_id(&self, id: IssuerId) -> Option<Arc<Issuer>> {
        self.register.load().by_name.values().find(|issuer| issuer.spec.id == id).cloned()
    }

    /// The keyed hash of one of an issuer's names for somebody.
    pub(super) fn hash(&self, issuer: &Issuer, claim: &str, name: &str) -> Digest {
        name_hash(&self.register.load().names, issuer.spec.id, claim, name)
    }

    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    pub(super) fn learn(&self, id: IssuerId, keys: JwkSet, mark: Digest, fetched: Moment, until: Moment) {
        let Some(issuer) = self.by_id(id) else { return };
        let is_other = issuer.shelf.load().as_ref().is_none_or(|shelf| shelf.mark != mark);
        issuer.shelf.store(Some(Arc::new(Shelf { keys, mark, fetched, until })));
        if is_other {
            issuer.epoch.fetch_add(1, Relaxed);
        }
        *issuer.failure.lock() = None;
        issuer.answered();
    }

    pub(super) fn fail(&self, id: IssuerId, why: String) {
        let Some(issuer) = self.by_id(id) else { return };
        *issuer.failure.lock() = Some(why);
        issuer.answered();
    }

    /// Waits until an issuer's keys were asked for anew; gives whether they were. However many tokens name a key that
    /// is not known, the issuer is asked no more often than is bearable.
    pub(super) async fn renewed(&self, issuer: &Issuer, now: Moment) -> bool {
        let answer = issuer.renewed.notified();
        tokio::pin!(answer);
        // From here on an answer is not missed.
        answer.as_mut().enable();
        if !issuer.asking.load(Relaxed) {
            if now.micros() < issuer.ask_again.load(Relaxed) {
                return false;
            }
            issuer.ask_again.store((now + ASKED_EACH).micros(), Relaxed);
            issuer.asking.store(true, Relaxed);
            self.wanted.notify_one();
        }
        timeout(WAIT, answer).await.is_ok()
    }

    pub(super) fn standings(&self) -> Vec<IssuerStanding> {
        self.register.load().by_name.values().map(|issuer| issuer.standing()).collect()
    }

    pub(super) fn still_believes(&self, holder: &TokenHolder, tenant: TenantId) -> bool {
        let Some(issuer) = self.by_id(holder.issuer) else { return false };
        let rules = &issuer.spec.rules;
        let is_listed = match (&rules.tenant_from, &holder.listed) {
            (TenantFrom::Claim(_), None) => true,
            (TenantFrom::Users(_), Some(listed)) => issuer.is_at(listed, tenant),
            _ => false,
        };
        is_listed && rules.tenants.holds(tenant)
    }
}

impl Issuer {
    fn new(spec: IssuerSpec, before: Option<&Issuer>) -> Self {
        let same = before.filter(|before| before.spec.rules.jwks_uri == spec.rules.jwks_uri);
        let algorithms = spec.rules.algorithms.iter();
        Issuer {
            algorithms: algorithms.filter_map(|taken| Algorithm::named(taken.name())).collect(),
            shelf: ArcSwapOption::new(same.and_then(|before| before.shelf.load_full())),
            epoch: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            asking: AtomicBool::new(false),
            ask_again: AtomicI64::new(0),
            renewed: Notify::new(),
            failure: Mutex::new(None),
            spec,
        }
    }

    /// Its keys, unless they were fetched too long ago.
    pub(super) fn keys(&self, now: Moment) -> Option<Arc<Shelf>> {
        self.shelf.load_full().filter(|shelf| now < shelf.until)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    /// Whether what was believed from it in this epoch is believed still.
    pub(super) fn is_as_in(&self, epoch: u64) -> bool {
        self.epoch() == epoch && !self.retired.load(Relaxed)
    }

    pub(super) fn is_at(&self, listed: &Digest, tenant: TenantId) -> bool {
        self.spec.users.get(listed).is_some_and(|tenants| tenants.contains(&tenant))
    }

    fn answered(&self) {
        self.asking.store(false, Relaxed);
        self.renewed.notify_waiters();
    }

    fn standing(&self) -> IssuerStanding {
        let shelf = self.shelf.load();
        IssuerStanding {
            id: self.spec.id,
            issuer: self.spec.rules.issuer.clone(),
            jwks_uri: self.spec.rules.jwks_uri.clone(),
            wanted: self.asking.load(Relaxed),
            keys: shelf.as_ref().map_or(0, |shelf| shelf.keys.usable()),
            fetched: shelf.as_ref().map(|shelf| shelf.fetched),
            until: shelf.as_ref().map(|shelf| shelf.until),
            failure: self.failure.lock().clone(),
        }
    }
}
