//! A witness that remembers.

use access::{CrossTenant, Witness};
use domain::{ApiKeyId, Digest, TenantId, UserId};
use parking_lot::Mutex;

/// Remembers what the warden saw.
#[derive(Default)]
pub struct Recorder {
    refused: Mutex<Vec<CrossTenant>>,
    active: Mutex<Vec<(TenantId, Digest)>>,
    active_persons: Mutex<Vec<(UserId, Digest)>>,
    keys_used: Mutex<Vec<(TenantId, ApiKeyId)>>,
}

impl Recorder {
    /// The cross-tenant attempts that were refused, in order.
    pub fn refused(&self) -> Vec<CrossTenant> {
        self.refused.lock().clone()
    }

    /// The sessions that were used.
    pub fn active(&self) -> Vec<(TenantId, Digest)> {
        self.active.lock().clone()
    }

    /// The persons' sessions that were used.
    pub fn active_persons(&self) -> Vec<(UserId, Digest)> {
        self.active_persons.lock().clone()
    }

    /// The API keys that were used.
    pub fn keys_used(&self) -> Vec<(TenantId, ApiKeyId)> {
        self.keys_used.lock().clone()
    }
}

impl Witness for Recorder {
    fn refused(&self, attempt: CrossTenant) {
        self.refused.lock().push(attempt);
    }
    fn active(&self, tenant: TenantId, session: Digest) {
        self.active.lock().push((tenant, session));
    }
    fn active_person(&self, user: UserId, session: Digest) {
        self.active_persons.lock().push((user, session));
    }
    fn key_used(&self, tenant: TenantId, key: ApiKeyId) {
        self.keys_used.lock().push((tenant, key));
    }
}
