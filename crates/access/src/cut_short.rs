//! Signed keys that end before the time that they say themselves: what a node must remember, because nobody is
//! asked about a signed key. An end that was brought forward is never put off, so that entries are only added,
//! and forgotten once the key would be over anyway.

use crate::directory::{CutShort, KeyEnd};
use domain::{ApiKeyId, Moment};
use parking_lot::RwLock;
use std::collections::HashMap;

const SHARDS: usize = 64;

/// The early ends, in shards so that a new one never stops those who ask about others.
#[derive(Debug)]
pub(crate) struct EarlyEnds(Vec<RwLock<HashMap<ApiKeyId, (KeyEnd, Moment)>>>);

impl Default for EarlyEnds {
    fn default() -> Self {
        EarlyEnds((0..SHARDS).map(|_| RwLock::default()).collect())
    }
}

impl EarlyEnds {
    /// How this key ends, if earlier than it says.
    pub(crate) fn of(&self, key: ApiKeyId) -> Option<KeyEnd> {
        self.shard(key).read().get(&key).map(|(end, _)| *end)
    }

    /// Takes in an early end. Of two, the earlier holds.
    pub(crate) fn put(&self, CutShort { key, end, said }: CutShort) {
        let mut shard = self.shard(key).write();
        let held = shard.entry(key).or_insert((end, said));
        if end.at < held.0.at || end.revoked {
            held.0 = end;
        }
    }

    /// Forgets the keys that are over by what they say themselves.
    pub(crate) fn forget_over(&self, now: Moment) {
        self.0.iter().for_each(|shard| shard.write().retain(|_, (_, said)| *said > now));
    }

    fn shard(&self, key: ApiKeyId) -> &RwLock<HashMap<ApiKeyId, (KeyEnd, Moment)>> {
        &self.0[key.bits() as usize % SHARDS]
    }
}
