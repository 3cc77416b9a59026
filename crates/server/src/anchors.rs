//! Trust anchors come into a node's memory: all at the start, a tenant's when it has news of them.

use crate::assemble::Node;
use access::{OperatorPermit, Origin, Upkeep};
use control::anchor::{Loaded, load_all, load_of};
use domain::{Digest, Heard, RequestId, TenantId, event::names};
use gateway::{AnchorSpec, ListSpec};
use protocol::x509::Authority;
use std::collections::{HashMap, HashSet};
use store::StoreError;

impl Node {
    /// Loads all of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_anchors(&self) -> Result<(), StoreError> {
        let Some(upkeep) = self.for_anchors() else { return Ok(()) };
        let mut by_owner: HashMap<TenantId, Vec<AnchorSpec>> = HashMap::new();
        for loaded in load_all(&self.store, &upkeep).await? {
            by_owner.entry(loaded.owner).or_default().push(self.spec(loaded));
        }
        self.gateway.keep_anchors_of(&by_owner.keys().copied().collect::<Vec<_>>());
        by_owner.into_iter().for_each(|(owner, specs)| self.believe(owner, specs));
        Ok(())
    }

    /// Loads those of the tenant that an event is about, if it is about anchors.
    ///
    /// # Errors
    /// [`StoreError`]; what was believed before stays.
    pub async fn hear_of_anchors(&self, event: &Heard) -> Result<(), StoreError> {
        if event.name != names::ANCHOR_CHANGED {
            return Ok(());
        }
        let Some(upkeep) = self.for_anchors() else { return Ok(()) };
        let loaded = load_of(&self.store, &upkeep, event.tenant).await?;
        self.believe(event.tenant, loaded.into_iter().map(|loaded| self.spec(loaded)).collect());
        Ok(())
    }

    fn believe(&self, owner: TenantId, specs: Vec<AnchorSpec>) {
        for fault in self.gateway.set_anchors(owner, specs) {
            tracing::error!(tenant = %owner, "a trust anchor cannot be used: {fault}");
        }
    }

    fn spec(&self, loaded: Loaded) -> AnchorSpec {
        let Loaded { id, owner, certificate, rules, revoked, lists } = loaded;
        let house = self.web.warden.house();
        AnchorSpec {
            speaks_for_others: house.is_some_and(|house| house.record.id == owner),
            lists: lists.into_iter().map(|(list, fetched)| ListSpec { list, fetched }).collect(),
            id,
            owner,
            certificate,
            rules,
            revoked,
        }
    }

    fn for_anchors(&self) -> Option<OperatorPermit<Upkeep>> {
        let request = RequestId::new(self.web.clock.now(), &self.web.chance);
        self.web.warden.platform::<Upkeep>(Origin { request }).ok()
    }
}

/// The keys of the authorities that this machine trusts for everybody, by their hashes.
pub(crate) fn public_roots() -> HashSet<Digest> {
    let roots = rustls_native_certs::load_native_certs().certs;
    roots.iter().filter_map(|root| Authority::read(root).ok()).map(|authority| authority.key()).collect()
}
