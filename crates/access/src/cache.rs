//! What was learned about credentials, kept in bounded memory. Every entry is good for one epoch of
//! its tenant and until its session ends; the feed empties what ended early.

use crate::{
    directory::{KeyEnd, MemberGrant, OperatorGrant, PersonGrant, StandingGrant},
    permit::{KeyHolder, Person},
};
use domain::{Digest, GrantId, Moment, ProviderId, RightSet, TenantId, UserId};
use quick_cache::sync::Cache;
use std::{sync::Arc, time::Duration};

/// A session as a node remembers it.
#[derive(Clone, Debug)]
pub(crate) struct KnownSession {
    pub(crate) epoch: u64,
    pub(crate) person: Arc<Person>,
    pub(crate) rights: RightSet,
    pub(crate) idle_ends: Moment,
    pub(crate) idle: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownMember {
    pub(crate) epoch: u64,
    pub(crate) grant: Arc<MemberGrant>,
}

/// An API key as a node remembers it.
#[derive(Clone, Debug)]
pub(crate) struct KnownKey {
    pub(crate) epoch: u64,
    pub(crate) holder: Arc<KeyHolder>,
    pub(crate) end: KeyEnd,
    /// When its use was last noted.
    pub(crate) noted: Moment,
}

/// A grant as a node remembers it.
#[derive(Clone, Debug)]
pub(crate) struct KnownGrant {
    pub(crate) epoch: u64,
    pub(crate) grant: Arc<StandingGrant>,
}

pub(crate) struct Known {
    pub(crate) sessions: Cache<(TenantId, Digest), KnownSession>,
    pub(crate) persons: Cache<Digest, Arc<PersonGrant>>,
    pub(crate) members: Cache<(TenantId, UserId, ProviderId), KnownMember>,
    pub(crate) tokens: Cache<Digest, OperatorGrant>,
    pub(crate) keys: Cache<Digest, KnownKey>,
    pub(crate) grants: Cache<(TenantId, GrantId), KnownGrant>,
    /// Hashes that are no key's. Nobody can make a key that has one of them, so this never becomes false.
    pub(crate) no_keys: Cache<Digest, ()>,
    /// When a tenant was last asked for while the feed was silent.
    pub(crate) rechecked: Cache<TenantId, Moment>,
}

impl Known {
    /// Room for `sessions` sessions, and the like of the rest.
    pub(crate) fn new(sessions: usize) -> Self {
        Known {
            sessions: Cache::new(sessions),
            persons: Cache::new(sessions / 4 + 16),
            members: Cache::new(sessions / 4 + 16),
            tokens: Cache::new(256),
            keys: Cache::new(sessions),
            grants: Cache::new(sessions),
            no_keys: Cache::new(sessions / 4 + 16),
            rechecked: Cache::new(sessions / 4 + 16),
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        self.sessions.clear();
        self.persons.clear();
        self.members.clear();
        self.tokens.clear();
        self.keys.clear();
        self.grants.clear();
        self.rechecked.clear();
    }
}
