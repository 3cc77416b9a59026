//! The directory of tenants in memory: found by host, slug or id without touching the database, changed
//! one record at a time by the feed.
//!
//! Every tenant is in memory, and few are asked for at a time: a tenant lies at rest, packed, until somebody names it,
//! and goes back to rest when others are asked for more. At rest it takes about 120 bytes.

mod names;
mod row;
mod shard;
#[cfg(test)]
mod tests;

use crate::{directory::TenantRecord, shortcut::Shortcut};
use domain::{DeploymentId, Standing, TenantId};
use names::{NameIndex, Place};
use parking_lot::{Mutex, RwLock};
use row::Names;
use shard::{Put, Shard};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed},
};

const SHARDS: usize = 64;

/// A tenant in memory.
#[derive(Debug)]
pub struct Tenant {
    /// What the directory said.
    pub record: TenantRecord,
    /// Another number whenever anything that a session at this tenant rests on changes: members, roles,
    /// connections, standing; and whenever it wakes. No tenant ever has a number twice. What was cached under another
    /// number is loaded again.
    epoch: Arc<AtomicU64>,
    /// To what backends were told last about callers whom nobody knows.
    pub lately: Shortcut,
    /// To where what it uses is counted.
    pub counts: Shortcut,
    /// Whether somebody asked for it since it was last looked at.
    asked_for: AtomicBool,
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
            brand: None,
        };
        Tenant::new(record, Arc::default())
    }

    fn new(record: TenantRecord, epoch: Arc<AtomicU64>) -> Self {
        Tenant {
            record,
            epoch,
            lately: Shortcut::default(),
            counts: Shortcut::default(),
            asked_for: AtomicBool::new(true),
        }
    }

    /// The number that cached knowledge about this tenant's people is valid for.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    fn note_asked(&self) {
        // Written only where it changes something: many processors read this.
        if !self.asked_for.load(Relaxed) {
            self.asked_for.store(true, Relaxed);
        }
    }

    /// Whether it can go to rest: nobody asked for it since this was last asked, and nobody else holds it, or an older
    /// record of it.
    fn may_rest(self: &mut Arc<Self>) -> bool {
        !self.asked_for.swap(false, Relaxed)
            && Arc::strong_count(self) == 1
            && Arc::strong_count(&self.epoch) == 1
    }
}

/// All tenants, in shards so that a change never stops the readers of others.
#[derive(Debug)]
pub struct Tenants {
    shards: Vec<RwLock<Shard>>,
    by_host: NameIndex,
    by_slug: NameIndex,
    /// Held by whoever changes names, so that two changes cannot interleave. Readers never ask for it.
    changing: Mutex<()>,
    /// The last epoch that was given out.
    epochs: AtomicU64,
    /// The number of the filling that began last.
    round: AtomicU16,
}

/// A filling of the directory that has begun.
#[derive(Debug)]
#[must_use]
pub struct Filling(u16);

impl Default for Tenants {
    fn default() -> Self {
        Tenants {
            shards: (0..SHARDS).map(|_| Default::default()).collect(),
            by_host: NameIndex::new(SHARDS),
            by_slug: NameIndex::new(SHARDS),
            changing: Mutex::default(),
            epochs: AtomicU64::default(),
            round: AtomicU16::default(),
        }
    }
}

impl Tenants {
    /// By hostname, in lower case, without port and trailing dot.
    pub fn by_host(&self, host: &str) -> Option<Arc<Tenant>> {
        self.find(&self.by_host, host, |names| names.has_hostname(host))
    }

    /// By slug.
    pub fn by_slug(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.find(&self.by_slug, slug, |names| names.slug() == slug)
    }

    /// By id.
    pub fn by_id(&self, id: TenantId) -> Option<Arc<Tenant>> {
        let shard = &self.shards[shard_of(id)];
        {
            let shard = shard.read();
            let awake = shard.awake(shard.place(id)?);
            if awake.is_some() {
                return awake;
            }
        }
        let mut shard = shard.write();
        let place = shard.place(id)?;
        shard.wake(place, &self.epochs)
    }

    /// Whether there is a tenant of this id.
    pub fn has(&self, id: TenantId) -> bool {
        self.shards[shard_of(id)].read().place(id).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a tenant in, or its newer record in place of the older. A record of an older placement than
    /// the one held is ignored, so that a late message cannot undo a move.
    pub fn put(&self, record: TenantRecord) {
        let _alone = self.changing.lock();
        let (shard, round) = (shard_of(record.id), self.round.load(Relaxed));
        let put = self.shards[shard].write().put(record, round, &self.epochs);
        let Some(Put { row, names, before }) = put else { return };
        let place = Place { shard, row };
        self.name(&self.by_slug, names.slug(), place, |rival| rival.slug() == names.slug());
        for host in names.hostnames() {
            self.name(&self.by_host, host, place, |rival| rival.has_hostname(host));
        }
        let Some(before) = before else { return };
        if before.slug() != names.slug() {
            self.by_slug.drop(before.slug(), place);
        }
        let gone = before.hostnames().filter(|host| !names.has_hostname(host));
        gone.for_each(|host| self.by_host.drop(host, place));
    }

    /// Takes a tenant out.
    pub fn remove(&self, id: TenantId) {
        let _alone = self.changing.lock();
        let shard = shard_of(id);
        let Some((row, names)) = self.shards[shard].write().remove(id, &self.epochs) else { return };
        let place = Place { shard, row };
        self.by_slug.drop(names.slug(), place);
        names.hostnames().for_each(|host| self.by_host.drop(host, place));
    }

    /// Begins to fill the directory: from now on every tenant that there is will be put in.
    pub fn begin_filling(&self) -> Filling {
        Filling(self.round.fetch_add(1, Relaxed).wrapping_add(1))
    }

    /// All have been put in: takes out every tenant that was not put in since that began.
    pub fn end_filling(&self, Filling(round): Filling) {
        let unseen =
            self.shards.iter().flat_map(|shard| shard.read().unseen_since(round)).collect::<Vec<_>>();
        unseen.into_iter().for_each(|id| self.remove(id));
    }

    /// Makes everything that is cached about the people of this tenant stale.
    pub fn touch(&self, id: TenantId) {
        self.shards[shard_of(id)].read().touch(id, &self.epochs);
    }

    fn find(&self, index: &NameIndex, name: &str, is_meant: impl Fn(&Names) -> bool) -> Option<Arc<Tenant>> {
        index.candidates(name).find_map(|place| self.at(place, &is_meant))
    }

    /// The tenant at this place, if it is the one that is meant: what stands in an index may be another of the same hash,
    /// or one that has come there meanwhile.
    fn at(&self, place: Place, is_meant: impl Fn(&Names) -> bool) -> Option<Arc<Tenant>> {
        let shard = &self.shards[place.shard];
        let meant = |shard: &Shard| shard.row(place.row).is_some_and(|row| is_meant(&row.names));
        {
            let shard = shard.read();
            if !meant(&shard) {
                return None;
            }
            let awake = shard.awake(place.row);
            if awake.is_some() {
                return awake;
            }
        }
        let mut shard = shard.write();
        if meant(&shard) { shard.wake(place.row, &self.epochs) } else { None }
    }

    /// Gives a name to the tenant at this place, and takes it from whoever had it.
    fn name(&self, index: &NameIndex, name: &str, place: Place, has_it: impl Fn(&Names) -> bool) {
        let holds = |other: &Place| {
            *other != place
                && self.shards[other.shard].read().row(other.row).is_some_and(|row| has_it(&row.names))
        };
        let rival = index.candidates(name).find(holds);
        index.put(name, place, rival);
    }
}

fn shard_of(id: TenantId) -> usize {
    id.bits() as usize % SHARDS
}
