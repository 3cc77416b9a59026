//! The anchors that are believed. Any change makes every certificate be looked at again.

use arc_swap::ArcSwap;
use domain::{AnchorId, AnchorRules, Digest, Moment, TenantId, WhenStale, digest::MacKey};
use parking_lot::Mutex;
use protocol::x509::{Authority, ClientChain, RevocationList, Untrusted, verify};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// An anchor as it is handed in.
#[derive(Clone, Debug)]
pub struct AnchorSpec {
    /// Its id.
    pub id: AnchorId,
    /// Whose it is.
    pub owner: TenantId,
    /// Whether its rules may speak for others than its owner: only the operator's.
    pub speaks_for_others: bool,
    /// The authority's certificate, in DER.
    pub certificate: Vec<u8>,
    /// What its certificates mean.
    pub rules: AnchorRules,
    /// The serial numbers and fingerprints of what was taken back by hand.
    pub revoked: HashSet<String>,
    /// The authority's own lists of what it took back.
    pub lists: Vec<ListSpec>,
}

/// A list as it is handed in.
#[derive(Clone, Debug)]
pub struct ListSpec {
    /// The list, in DER.
    pub list: Vec<u8>,
    /// When it was fetched or laid down.
    pub fetched: Moment,
}

/// An anchor, ready to be asked.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) id: AnchorId,
    pub(super) owner: TenantId,
    pub(super) speaks_for_others: bool,
    pub(super) rules: AnchorRules,
    authority: Authority,
    revoked: HashSet<String>,
    lists: Vec<(RevocationList, Moment)>,
}

/// All of them, at one moment.
#[derive(Debug, Default)]
pub(super) struct Register {
    by_owner: HashMap<TenantId, Arc<[Arc<Anchor>]>>,
    by_name: HashMap<Digest, Vec<Arc<Anchor>>>,
}

/// All of them.
pub(crate) struct Anchors {
    register: ArcSwap<Register>,
    names: ArcSwap<MacKey>,
    /// Who changes them does it one after another.
    changing: Mutex<()>,
}

impl Default for Anchors {
    fn default() -> Self {
        let names = ArcSwap::from_pointee(MacKey::new(b"nobody's names"));
        Anchors { register: ArcSwap::default(), names, changing: Mutex::new(()) }
    }
}

impl Anchors {
    pub(super) fn set(&self, owner: TenantId, specs: Vec<AnchorSpec>) -> Vec<String> {
        let (mut anchors, mut faults) = (Vec::new(), Vec::new());
        for spec in specs {
            let id = spec.id;
            match Anchor::of(spec) {
                Ok(anchor) => anchors.push(Arc::new(anchor)),
                Err(why) => faults.push(format!("{id}: {why}")),
            }
        }
        self.change(|by_owner| match anchors.is_empty() {
            true => drop(by_owner.remove(&owner)),
            false => drop(by_owner.insert(owner, anchors.into())),
        });
        faults
    }

    pub(super) fn keep(&self, owners: &[TenantId]) {
        self.change(|by_owner| by_owner.retain(|owner, _| owners.contains(owner)));
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<TenantId, Arc<[Arc<Anchor>]>>)) {
        let _alone = self.changing.lock();
        let mut by_owner = self.register.load().by_owner.clone();
        change(&mut by_owner);
        let mut by_name: HashMap<Digest, Vec<Arc<Anchor>>> = HashMap::new();
        for anchor in by_owner.values().flat_map(|anchors| anchors.iter()) {
            by_name.entry(anchor.authority.name()).or_default().push(anchor.clone());
        }
        self.register.store(Arc::new(Register { by_owner, by_name }));
    }

    pub(super) fn set_names(&self, names: MacKey) {
        self.names.store(Arc::new(names));
    }

    /// The keyed hash of the name that an anchor gives a caller.
    pub(super) fn hash(&self, anchor: AnchorId, subject: &str) -> Digest {
        self.names.load().sign(&[anchor.to_string().as_bytes(), b"\n", subject.as_bytes()])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.register.load().by_owner.is_empty()
    }

    pub(super) fn now(&self) -> Arc<Register> {
        self.register.load_full()
    }

    /// Whether nothing has changed since.
    pub(super) fn are_as_in(&self, register: &Arc<Register>) -> bool {
        Arc::ptr_eq(&self.register.load(), register)
    }
}

impl Register {
    /// Those that could vouch for a certificate of this chain, by who signed it.
    pub(super) fn could_vouch(&self, chain: &ClientChain) -> Vec<Arc<Anchor>> {
        let mut found: Vec<Arc<Anchor>> = Vec::new();
        for anchor in chain.issuers().iter().filter_map(|name| self.by_name.get(name)).flatten() {
            if found.iter().all(|known| !Arc::ptr_eq(known, anchor)) {
                found.push(anchor.clone());
            }
        }
        found
    }
}

impl Anchor {
    fn of(spec: AnchorSpec) -> Result<Self, String> {
        let authority = Authority::read(&spec.certificate).map_err(|why| why.to_string())?;
        let lists = spec.lists.into_iter().map(|held| {
            RevocationList::read(&held.list).map(|list| (list, held.fetched)).map_err(|why| why.to_string())
        });
        Ok(Anchor {
            id: spec.id,
            owner: spec.owner,
            speaks_for_others: spec.speaks_for_others,
            rules: spec.rules,
            lists: lists.collect::<Result<_, _>>()?,
            revoked: spec.revoked,
            authority,
        })
    }

    /// Whether it vouches for the chain, and until when that is so if nothing changes.
    pub(super) fn vouches(&self, chain: &ClientChain, now: Moment) -> Result<Moment, Untrusted> {
        let strict = self.rules.lists.as_ref().filter(|policy| policy.when_stale == WhenStale::Refuse);
        let fresh = strict.map(|policy| Duration::from_secs(policy.fresh_seconds));
        let counts = |(list, fetched): &&(RevocationList, Moment)| {
            fresh.is_none_or(|fresh| list.is_fresh(*fetched, fresh, now))
        };
        let counted: Vec<_> = self.lists.iter().filter(counts).collect();
        let lists: Vec<_> = counted.iter().map(|(list, _)| list).collect();
        let vouched = verify(chain, &self.authority, &lists, fresh.is_some(), now)?;
        if vouched.marks.iter().any(|mark| self.revoked.contains(mark)) {
            return Err(Untrusted::Revoked);
        }
        let stale = fresh
            .into_iter()
            .flat_map(|fresh| counted.iter().map(move |(list, fetched)| list.stale_from(*fetched, fresh)));
        Ok(stale.fold(vouched.until, Moment::min))
    }
}
