//! One shard of the directory: tenants at rest, and those of them that are awake.

use super::{
    Tenant,
    row::{Names, Row, Seldom},
};
use crate::directory::TenantRecord;
use domain::{DeploymentId, TenantId};
use hashbrown::HashTable;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// How many tenants of a shard stay awake, as long as there are others that nobody holds.
const MOST_AWAKE: usize = 2_048;
/// How many are looked at, at most, to find one that can go to rest.
const LOOKS: usize = 64;

/// Some of the tenants.
#[derive(Debug, Default)]
pub(super) struct Shard {
    hasher: RandomState,
    /// Where a tenant's row is, by its id.
    places: HashTable<u32>,
    rows: Vec<Option<Row>>,
    /// Rows that can be used again.
    free: Vec<u32>,
    seldom: HashMap<u32, Seldom>,
    deployments: Vec<DeploymentId>,
    /// Rows of those that are awake, gone round by `hand`.
    awake: Vec<u32>,
    hand: usize,
}

/// What putting a tenant in came to.
pub(super) struct Put {
    /// Its row.
    pub(super) row: u32,
    /// How it is called.
    pub(super) names: Names,
    /// How it was called before, if it was there.
    pub(super) before: Option<Names>,
}

impl Shard {
    /// How many tenants there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where a tenant is.
    pub(super) fn place(&self, id: TenantId) -> Option<u32> {
        let bits = id.bits().to_be_bytes();
        let hash = self.hasher.hash_one(bits);
        self.places.find(hash, |place| self.row(*place).is_some_and(|row| row.id == bits)).copied()
    }

    /// How many of them are awake.
    #[cfg(test)]
    pub(super) fn awake_now(&self) -> usize {
        self.awake.len()
    }

    /// What is there.
    pub(super) fn row(&self, place: u32) -> Option<&Row> {
        self.rows.get(place as usize)?.as_ref()
    }

    /// The tenant there, if it is awake.
    pub(super) fn awake(&self, place: u32) -> Option<Arc<Tenant>> {
        let tenant = self.row(place)?.awake.as_ref()?;
        tenant.note_asked();
        Some(tenant.clone())
    }

    /// The tenant there, woken if it was at rest.
    pub(super) fn wake(&mut self, place: u32, epochs: &AtomicU64) -> Option<Arc<Tenant>> {
        if let Some(tenant) = self.awake(place) {
            return Some(tenant);
        }
        let row = self.row(place)?;
        let record = row.record(self.deployments[usize::from(row.deployment)], self.seldom.get(&place));
        let tenant = Arc::new(Tenant::new(record, Arc::new(AtomicU64::new(later(epochs)))));
        self.make_room();
        self.row_mut(place)?.awake = Some(tenant.clone());
        self.awake.push(place);
        Some(tenant)
    }

    /// Puts a tenant in, unless a newer placement of it is there.
    pub(super) fn put(&mut self, record: TenantRecord, round: u16, epochs: &AtomicU64) -> Option<Put> {
        let known = self.place(record.id);
        let old = known.and_then(|place| self.row(place));
        if old.is_some_and(|old| old.generation > record.generation) {
            known.and_then(|place| self.row_mut(place)).expect("it was just there").round = round;
            return None;
        }
        let before = old.map(|old| old.names.clone());
        let epoch = old.and_then(|old| old.awake.as_ref()).map(|tenant| tenant.epoch.clone());
        let row = Row::of(&record, self.deployment(record.deployment), round);
        let (names, seldom) = (row.names.clone(), Seldom::of(&record));
        let place = known.unwrap_or_else(|| self.new_place(record.id));
        self.rows[place as usize] = Some(row);
        match seldom {
            Some(seldom) => self.seldom.insert(place, seldom),
            None => self.seldom.remove(&place),
        };
        if let Some(epoch) = epoch {
            epoch.store(later(epochs), Relaxed);
            self.row_mut(place)?.awake = Some(Arc::new(Tenant::new(record, epoch)));
        }
        Some(Put { row: place, names, before })
    }

    /// Takes a tenant out. Gives where it was and how it was called.
    pub(super) fn remove(&mut self, id: TenantId, epochs: &AtomicU64) -> Option<(u32, Names)> {
        let place = self.place(id)?;
        let hash = self.hasher.hash_one(id.bits().to_be_bytes());
        if let Ok(entry) = self.places.find_entry(hash, |held| *held == place) {
            entry.remove();
        }
        let row = self.rows[place as usize].take()?;
        self.seldom.remove(&place);
        self.free.push(place);
        if let Some(tenant) = row.awake {
            tenant.epoch.store(later(epochs), Relaxed);
            self.awake.retain(|held| *held != place);
        }
        Some((place, row.names))
    }

    /// Makes stale what is known of this tenant's people. One at rest has a new epoch when it wakes.
    pub(super) fn touch(&self, id: TenantId, epochs: &AtomicU64) {
        let row = self.place(id).and_then(|place| self.row(place));
        if let Some(tenant) = row.and_then(|row| row.awake.as_ref()) {
            tenant.epoch.store(later(epochs), Relaxed);
        }
    }

    /// Those that were last seen before this filling.
    pub(super) fn unseen_since(&self, round: u16) -> Vec<TenantId> {
        let rows = self.rows.iter().flatten();
        // Rounds go round: what is less than half a round behind was before.
        rows.filter(|row| (row.round.wrapping_sub(round) as i16) < 0).map(Row::id).collect()
    }

    fn row_mut(&mut self, place: u32) -> Option<&mut Row> {
        self.rows.get_mut(place as usize)?.as_mut()
    }

    fn deployment(&mut self, id: DeploymentId) -> u16 {
        let known = self.deployments.iter().position(|held| *held == id);
        let place = known.unwrap_or_else(|| {
            self.deployments.push(id);
            self.deployments.len() - 1
        });
        u16::try_from(place).expect("a shard has fewer than 65,536 deployments")
    }

    fn new_place(&mut self, id: TenantId) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            (self.rows.len() - 1) as u32
        });
        let (hasher, rows) = (&self.hasher, &self.rows);
        let bits = id.bits().to_be_bytes();
        // The new row is not there yet: its own hash is asked for by nobody, since it is not in the table either.
        let hash_of = |held: &u32| hasher.hash_one(rows[*held as usize].as_ref().map_or(bits, |row| row.id));
        self.places.insert_unique(hasher.hash_one(bits), place, hash_of);
        place
    }

    /// Sends some to rest where too many are awake: those whom nobody asked for since they were last looked at, and whom
    /// nobody holds. Whoever holds one rests on its epoch, which only one that is awake can raise.
    fn make_room(&mut self) {
        for _ in 0..LOOKS {
            if self.awake.len() < MOST_AWAKE {
                return;
            }
            self.hand %= self.awake.len();
            let row = self.rows[self.awake[self.hand] as usize].as_mut().expect("who is awake has a row");
            if row.awake.take_if(|tenant| tenant.may_rest()).is_some() {
                self.awake.swap_remove(self.hand);
            } else {
                self.hand += 1;
            }
        }
    }
}

/// An epoch that no tenant has had.
fn later(epochs: &AtomicU64) -> u64 {
    epochs.fetch_add(1, Relaxed) + 1
}
