//! Where tenants are, by one kind of name. What is kept of a name is 32 bits of its hash: whether it is that name, the
//! tenant's row says.

use hashbrown::{HashTable, hash_table::Entry};
use parking_lot::RwLock;
use std::hash::{BuildHasher, RandomState};

/// Where a tenant is: in which shard, and in which row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: usize,
    pub(super) row: u32,
}

const ROW_BITS: u32 = 26;

impl Place {
    fn packed(self) -> u32 {
        debug_assert!(self.row < 1 << ROW_BITS, "a shard has room for 67 million tenants");
        (self.shard as u32) << ROW_BITS | self.row
    }

    fn of(packed: u32) -> Self {
        Place { shard: (packed >> ROW_BITS) as usize, row: packed & ((1 << ROW_BITS) - 1) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    print: u32,
    place: u32,
}

impl Note {
    /// The hash under which it lies, spread over all bits of one.
    fn hash(&self) -> u64 {
        spread(self.print)
    }
}

fn spread(print: u32) -> u64 {
    u64::from(print).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Names, in shards.
#[derive(Debug)]
pub(super) struct NameIndex {
    shards: Vec<RwLock<HashTable<Note>>>,
    hasher: RandomState,
}

impl NameIndex {
    /// Without any, in this many shards.
    pub(super) fn new(shards: usize) -> Self {
        NameIndex { shards: (0..shards).map(|_| Default::default()).collect(), hasher: RandomState::new() }
    }

    /// Where a tenant of this name may be: seldom at more than one place, and perhaps at none of them.
    pub(super) fn candidates(&self, name: &str) -> impl Iterator<Item = Place> + use<> {
        let (print, shard) = self.of(name);
        let (mut first, mut others) = (None, Vec::new());
        let shard = shard.read();
        for note in shard.iter_hash(spread(print)).filter(|note| note.print == print) {
            match first {
                None => first = Some(note.place),
                Some(_) => others.push(note.place),
            }
        }
        first.into_iter().chain(others).map(Place::of)
    }

    /// Notes that a tenant at this place has this name, in place of `rival`, who had it.
    pub(super) fn put(&self, name: &str, place: Place, rival: Option<Place>) {
        let (print, shard) = self.of(name);
        let note = Note { print, place: place.packed() };
        let mut shard = shard.write();
        if let Some(rival) = rival {
            let old = Note { print, place: rival.packed() };
            if let Ok(entry) = shard.find_entry(note.hash(), |held| *held == old) {
                entry.remove();
            }
        }
        if let Entry::Vacant(vacant) = shard.entry(note.hash(), |held| *held == note, Note::hash) {
            vacant.insert(note);
        }
    }

    /// Forgets that a tenant at this place has this name.
    pub(super) fn drop(&self, name: &str, place: Place) {
        let (print, shard) = self.of(name);
        let note = Note { print, place: place.packed() };
        if let Ok(entry) = shard.write().find_entry(note.hash(), |held| *held == note) {
            entry.remove();
        }
    }

    fn of(&self, name: &str) -> (u32, &RwLock<HashTable<Note>>) {
        let hash = self.hasher.hash_one(name);
        ((hash >> 32) as u32, &self.shards[hash as usize % self.shards.len()])
    }
}
