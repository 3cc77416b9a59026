//! The directory of tenants in memory: found by host, slug or id without touching the database, changed
//! one record at a time by the feed.

use crate::{directory::TenantRecord, shortcut::Shortcut};
use domain::{DeploymentId, Standing, TenantId};
use parking_lot::RwLock;
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

const SHARDS: usize = 64;

/// A tenant in memory.
#[derive(Debug)]
pub struct Tenant {
    /// What the directory said.
    pub record: TenantRecord,
    /// Rises whenever anything that a session at this tenant rests on changes: members, roles,
    /// connections, standing. What was cached under an older number is loaded again.
    epoch: Arc<AtomicU64>,
    /// To what backends were told last about callers whom nobody knows.
    pub lately: Shortcut,
    /// To where what it uses is counted.
    pub counts: Shortcut,
}

impl Tenant {
    /// What stands for a tenant where there is none of this id: closed, unpublished, and without anybody in it.
    /// It is asked about like any other, so that the way to the refusal is one.
    pub(crate) fn nobodys(id: TenantId) -> Self {
        let record = TenantRecord {
            id,
            slug: "nobody".parse().expect("a word is a slug"),
            name: "Nobody".parse().expect("a word is a name"),
            standing: Standing::Erased,
            deployment: DeploymentId::from_bits(0),
            generation: 0,
            published: false,
            limits: Arc::default(),
            hostnames: Vec::new(),
            networks: [].into(),
            exchanges_keys: false,
            maintenance: Default::default(),
            subscriptions: Default::default(),
        };
        Tenant::new(record, Arc::default())
    }

    fn new(record: TenantRecord, epoch: Arc<AtomicU64>) -> Self {
        Tenant { record, epoch, lately: Shortcut::default(), counts: Shortcut::default() }
    }

    /// The number that cached knowledge about this tenant's people is valid for.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }
}

type Shard<K> = RwLock<HashMap<K, Arc<Tenant>>>;

/// All tenants, in shards so that a change never stops the readers of others.
#[derive(Debug)]
pub struct Tenants {
    by_host: Named,
    by_slug: Named,
    by_id: Vec<Shard<TenantId>>,
}

impl Default for Tenants {
    fn default() -> Self {
        let by_id = (0..SHARDS).map(|_| Shard::default()).collect();
        Tenants { by_host: Named::default(), by_slug: Named::default(), by_id }
    }
}

impl Tenants {
    /// By hostname, in lower case, without port and trailing dot.
    pub fn by_host(&self, host: &str) -> Option<Arc<Tenant>> {
        self.by_host.get(host)
    }

    /// By slug.
    pub fn by_slug(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.by_slug.get(slug)
    }

    /// By id.
    pub fn by_id(&self, id: TenantId) -> Option<Arc<Tenant>> {
        self.numbered(id).read().get(&id).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.iter().map(|shard| shard.read().len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a tenant in, or its newer record in place of the older. A record of an older placement than
    /// the one held is ignored, so that a late message cannot undo a move.
    pub fn put(&self, record: TenantRecord) {
        let mut numbered = self.numbered(record.id).write();
        let old = numbered.get(&record.id).cloned();
        if old.as_ref().is_some_and(|old| old.record.generation > record.generation) {
            return;
        }
        let epoch = old.as_ref().map(|old| old.epoch.clone()).unwrap_or_default();
        epoch.fetch_add(1, Relaxed);
        let tenant = Arc::new(Tenant::new(record, epoch));
        numbered.insert(tenant.record.id, tenant.clone());
        // The id's shard stays locked meanwhile, so that two changes of one tenant cannot interleave.
        let new = &tenant.record;
        self.by_slug.put(new.slug.as_str(), &tenant);
        new.hostnames.iter().for_each(|host| self.by_host.put(host.as_str(), &tenant));
        let Some(old) = old.as_ref().map(|old| &old.record) else { return };
        if old.slug != new.slug {
            self.by_slug.drop(old.slug.as_str(), old.id);
        }
        let gone = old.hostnames.iter().filter(|host| !new.hostnames.contains(host));
        gone.for_each(|host| self.by_host.drop(host.as_str(), old.id));
    }

    /// Takes a tenant out.
    pub fn remove(&self, id: TenantId) {
        let mut numbered = self.numbered(id).write();
        if let Some(old) = numbered.remove(&id) {
            old.epoch.fetch_add(1, Relaxed);
            self.by_slug.drop(old.record.slug.as_str(), id);
            old.record.hostnames.iter().for_each(|host| self.by_host.drop(host.as_str(), id));
        }
    }

    /// Takes out every tenant that is not among these.
    pub fn keep_only(&self, there: &HashSet<TenantId>) {
        let gone = |shard: &Shard<TenantId>| -> Vec<TenantId> {
            shard.read().keys().filter(|id| !there.contains(id)).copied().collect()
        };
        self.by_id.iter().flat_map(gone).for_each(|id| self.remove(id));
    }

    /// Makes everything that is cached about the people of this tenant stale.
    pub fn touch(&self, id: TenantId) {
        if let Some(tenant) = self.by_id(id) {
            tenant.epoch.fetch_add(1, Relaxed);
        }
    }

    fn numbered(&self, id: TenantId) -> &Shard<TenantId> {
        &self.by_id[id.bits() as usize % SHARDS]
    }
}

/// Tenants by one kind of name.
#[derive(Debug)]
struct Named {
    shards: Vec<Shard<Box<str>>>,
    hasher: RandomState,
}

impl Default for Named {
    fn default() -> Self {
        Named { shards: (0..SHARDS).map(|_| Shard::default()).collect(), hasher: RandomState::new() }
    }
}

impl Named {
    fn get(&self, name: &str) -> Option<Arc<Tenant>> {
        self.shard(name).read().get(name).cloned()
    }

    fn put(&self, name: &str, tenant: &Arc<Tenant>) {
        self.shard(name).write().insert(name.into(), tenant.clone());
    }

    /// Takes away a name that this tenant gave back. One that meanwhile belongs to somebody else is left to them.
    fn drop(&self, name: &str, of: TenantId) {
        let mut shard = self.shard(name).write();
        if shard.get(name).is_some_and(|held| held.record.id == of) {
            shard.remove(name);
        }
    }

    fn shard(&self, name: &str) -> &Shard<Box<str>> {
        &self.shards[self.hasher.hash_one(name) as usize % SHARDS]
    }
}
