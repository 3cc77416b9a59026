//! Tenants' own certificates come into a node's memory: all at the start, a tenant's when it has news of them.

use crate::{
    assemble::Node,
    listen::{Question, Shown, proof, read_pair},
};
use access::{OperatorPermit, Origin, Upkeep};
use control::{
    certificate::{self, load_all, load_of},
    order::{self, Asking, asked, asked_of},
};
use domain::{Heard, Hostname, RequestId, TenantId, event::names};
use std::collections::HashMap;
use store::StoreError;

/// What a tenant has.
type Theirs = (Vec<(Hostname, Shown)>, Vec<(Hostname, Question)>);

impl Node {
    /// Loads all of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_certificates(&self) -> Result<(), StoreError> {
        let Some(upkeep) = self.upkeep() else { return Ok(()) };
        let mut by_tenant: HashMap<TenantId, Theirs> = HashMap::new();
        for held in load_all(&self.store, &upkeep).await? {
            by_tenant.entry(held.tenant).or_default().0.extend(read(held));
        }
        for asking in asked(&self.store, &upkeep).await? {
            by_tenant.entry(asking.tenant).or_default().1.extend(question(asking));
        }
        for (tenant, (pairs, questions)) in by_tenant {
            self.certificates.put(tenant, pairs, questions);
        }
        Ok(())
    }

    /// Loads those of the tenant that an event is about, if it may have changed them.
    ///
    /// # Errors
    /// [`StoreError`]; what was shown before stays.
    pub async fn hear_of_certificates(&self, event: &Heard) -> Result<(), StoreError> {
        let name = event.name.as_str();
        let about = [names::CERTIFICATE_CHANGED, names::DOMAIN_CHANGED].contains(&name);
        let of_names = name == names::TENANT_CHANGED && self.has_names(event.tenant);
        if about || of_names {
            self.names_changed.notify_one();
        }
        let about = about || (name == names::TENANT_CHANGED && self.certificates.has(event.tenant));
        let Some(upkeep) = self.upkeep().filter(|_| about) else { return Ok(()) };
        let held = load_of(&self.store, &upkeep, event.tenant).await?;
        let asking = asked_of(&self.store, &upkeep, event.tenant).await?;
        let pairs = held.into_iter().filter_map(read).collect();
        self.certificates.put(event.tenant, pairs, asking.into_iter().filter_map(question).collect());
        Ok(())
    }

    fn has_names(&self, tenant: TenantId) -> bool {
        let tenant = self.web.warden.tenants().by_id(tenant);
        tenant.is_some_and(|tenant| !tenant.record.hostnames.is_empty())
    }

    fn upkeep(&self) -> Option<OperatorPermit<Upkeep>> {
        let request = RequestId::new(self.web.clock.now(), &self.web.chance);
        self.web.warden.platform::<Upkeep>(Origin { request }).ok()
    }
}

fn read(held: certificate::Shown) -> Option<(Hostname, Shown)> {
    match read_pair(&held.chain, held.key.reveal()) {
        Ok(pair) => Some((held.host, Shown { pair, ends_at: held.ends_at })),
        Err(why) => {
            tracing::error!(tenant = %held.tenant, host = %held.host, "the certificate for {} cannot be used: {why}", held.host);
            None
        }
    }
}

fn question(asking: Asking) -> Option<(Hostname, Question)> {
    let order::Asked { token, answer } = asking.asked;
    match proof(&asking.host, &answer) {
        Ok(pair) => Some((asking.host, Question { token, answer, pair })),
        Err(why) => {
            tracing::error!(host = %asking.host, "what is asked for under {} cannot be shown: {why}", asking.host);
            None
        }
    }
}
