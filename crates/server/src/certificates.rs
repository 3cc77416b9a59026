//! Tenants' own certificates come into a node's memory: all at the start, a tenant's when it has news of them.

use crate::{assemble::Node, listen::read_pair};
use access::{OperatorPermit, Origin, Upkeep};
use control::certificate::{Shown, load_all, load_of};
use domain::{Heard, Hostname, RequestId, TenantId, event::names};
use rustls::sign::CertifiedKey;
use std::{collections::HashMap, sync::Arc};
use store::StoreError;

impl Node {
    /// Loads all of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_certificates(&self) -> Result<(), StoreError> {
        let Some(upkeep) = self.upkeep() else { return Ok(()) };
        let mut by_tenant: HashMap<TenantId, Vec<(Hostname, Arc<CertifiedKey>)>> = HashMap::new();
        for shown in load_all(&self.store, &upkeep).await? {
            let tenant = shown.tenant;
            by_tenant.entry(tenant).or_default().extend(read(shown));
        }
        for (tenant, pairs) in by_tenant {
            self.certificates.put(tenant, pairs);
        }
        Ok(())
    }

    /// Loads those of the tenant that an event is about, if it may have changed them.
    ///
    /// # Errors
    /// [`StoreError`]; what was shown before stays.
    pub async fn hear_of_certificates(&self, event: &Heard) -> Result<(), StoreError> {
        let name = event.name.as_str();
        let about = [names::CERTIFICATE_CHANGED, names::DOMAIN_CHANGED].contains(&name)
            || (name == names::TENANT_CHANGED && self.certificates.has(event.tenant));
        let Some(upkeep) = self.upkeep().filter(|_| about) else { return Ok(()) };
        let shown = load_of(&self.store, &upkeep, event.tenant).await?;
        self.certificates.put(event.tenant, shown.into_iter().filter_map(read).collect());
        Ok(())
    }

    fn upkeep(&self) -> Option<OperatorPermit<Upkeep>> {
        let request = RequestId::new(self.web.clock.now(), &self.web.chance);
        self.web.warden.platform::<Upkeep>(Origin { request }).ok()
    }
}

fn read(shown: Shown) -> Option<(Hostname, Arc<CertifiedKey>)> {
    match read_pair(&shown.chain, shown.key.reveal()) {
        Ok(pair) => Some((shown.host, pair)),
        Err(why) => {
            tracing::error!(tenant = %shown.tenant, host = %shown.host, "the certificate for {} cannot be used: {why}", shown.host);
            None
        }
    }
}
