//! The directory of tenants in memory: found by host, slug or id without touching the database, changed
//! one record at a time by the feed.

use crate::directory::TenantRecord;
use domain::TenantId;
use parking_lot::RwLock;
use std::{
    collections::HashMap,
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
}

impl Tenant {
    /// The number that cached knowledge about this tenant's people is valid for.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }
}

type Shard<K> = RwLock<HashMap<K, Arc<Tenant>>>;

/// All tenants, in shards so that a change never stops the readers of others.
#[derive(Debug)]
pub struct Tenants {
    by_name: Vec<Shard<Box<str>>>,
    by_id: Vec<Shard<TenantId>>,
    hasher: RandomState,
}

impl Default for Tenants {
    fn default() -> Self {
        Tenants {
            by_name: (0..SHARDS).map(|_| Shard::default()).collect(),
            by_id: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::new(),
        }
    }
}

/// Slugs and hostnames share one map; a slug is kept with a leading slash, which no hostname has.
fn slug_key(slug: &str) -> String {
    format!("/{slug}")
}

impl Tenants {
    /// By hostname, in lower case, without port and trailing dot.
    pub fn by_host(&self, host: &str) -> Option<Arc<Tenant>> {
        self.named(host).read().get(host).cloned()
    }

    /// By slug.
    pub fn by_slug(&self, slug: &str) -> Option<Arc<Tenant>> {
        let key = slug_key(slug);
        self.named(&key).read().get(key.as_str()).cloned()
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
        let tenant = Arc::new(Tenant { record, epoch });
        numbered.insert(tenant.record.id, tenant.clone());
        // The id's shard stays locked meanwhile, so that two changes of one tenant cannot interleave.
        for name in names(&tenant.record) {
            self.named(&name).write().insert(name, tenant.clone());
        }
        if let Some(old) = old {
            let kept: Vec<_> = names(&tenant.record).collect();
            self.drop_names(&old, names(&old.record).filter(|name| !kept.contains(name)));
        }
    }

    /// Takes a tenant out.
    pub fn remove(&self, id: TenantId) {
        let mut numbered = self.numbered(id).write();
        if let Some(old) = numbered.remove(&id) {
            old.epoch.fetch_add(1, Relaxed);
            self.drop_names(&old, names(&old.record));
        }
    }

    /// Makes everything that is cached about the people of this tenant stale.
    pub fn touch(&self, id: TenantId) {
        if let Some(tenant) = self.by_id(id) {
            tenant.epoch.fetch_add(1, Relaxed);
        }
    }

    /// A name that meanwhile belongs to somebody else is left to them.
    fn drop_names(&self, old: &Tenant, gone: impl Iterator<Item = Box<str>>) {
        for name in gone {
            let mut shard = self.named(&name).write();
            if shard.get(&name).is_some_and(|held| held.record.id == old.record.id) {
                shard.remove(&name);
            }
        }
    }

    fn named(&self, name: &str) -> &Shard<Box<str>> {
        &self.by_name[self.hasher.hash_one(name) as usize % SHARDS]
    }

    fn numbered(&self, id: TenantId) -> &Shard<TenantId> {
        &self.by_id[id.bits() as usize % SHARDS]
    }
}

fn names(record: &TenantRecord) -> impl Iterator<Item = Box<str>> {
    let slug = slug_key(record.slug.as_str()).into_boxed_str();
    std::iter::once(slug).chain(record.hostnames.iter().map(|host| host.as_str().into()))
}
