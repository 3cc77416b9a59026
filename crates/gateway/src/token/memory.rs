//! Tokens that were believed lately, in bounded memory: only those, found by the hash of the whole text. What is
//! remembered is asked on every hit whether it is true still.

use super::issuers::Issuer;
use access::{Tenants, TokenHolder};
use domain::{Digest, Moment, TenantId};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// A token that was believed.
pub(super) struct Believed {
    pub(super) holder: Arc<TokenHolder>,
    pub(super) issuer: Arc<Issuer>,
    /// The epoch of the issuer's keys.
    pub(super) epoch: u64,
    /// The epochs of its tenants: a name that a token gives for one may be another's tomorrow.
    pub(super) tenants: Box<[(TenantId, u64)]>,
    /// When its time began, the clocks' difference included.
    pub(super) begins: Moment,
    /// When its time is over, or that of the keys that it was verified with.
    pub(super) until: Moment,
}

impl Believed {
    fn is_still(&self, now: Moment, tenants: &Tenants) -> bool {
        let is_same =
            |(id, epoch): &(TenantId, u64)| tenants.by_id(*id).is_some_and(|tenant| tenant.epoch() == *epoch);
        now < self.until
            && now >= self.begins
            && self.issuer.is_as_in(self.epoch)
            && self.tenants.iter().all(is_same)
    }
}

/// What is remembered.
pub(crate) struct Tokens(Cache<Digest, Arc<Believed>>);

impl Tokens {
    /// Room for so many.
    pub(crate) fn new(room: usize) -> Self {
        Tokens(Cache::new(room))
    }

    pub(super) fn get(&self, token: &Digest, now: Moment, tenants: &Tenants) -> Option<Arc<TokenHolder>> {
        let believed = self.0.get(token)?;
        believed.is_still(now, tenants).then(|| believed.holder.clone())
    }

    pub(super) fn put(&self, token: Digest, believed: Believed) {
        self.0.insert(token, Arc::new(believed));
    }
}
