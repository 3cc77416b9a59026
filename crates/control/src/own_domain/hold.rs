//! A proved name comes into the registry, or leaves it: from here on, and only from here on, requests are mapped.

use super::{OwnDomainError, Proof, name};
use crate::{
    Terms,
    hostname::{self, HostnameError},
    resting_name::{self, Name},
    tenant,
    turn::Turn,
};
use access::{OperatorPermit, Upkeep};
use domain::{Change, Event, Hostname, TenantId, event::names};
use serde_json::{Value, json};
use store::Store;

/// Gives the tenant a name that it has proved. One that it has already stays its own.
pub(super) async fn hold(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    id: TenantId,
    host: &Hostname,
    proof: Proof,
) -> Result<(), OwnDomainError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let tenant = tenant::rows::find(tx, id).await?.ok_or(OwnDomainError::Unknown)?;
            match hostname::rows::owner(tx, host).await? {
                Some(owner) if owner == id => return Ok(()),
                Some(_) => return Err(OwnDomainError::Held),
                None => {}
            }
            // What is beneath a name of another tenant's may look like that tenant's to its people.
            for above in name::above(host) {
                if hostname::rows::owner(tx, &above).await?.is_some_and(|owner| owner != id) {
                    return Err(OwnDomainError::Held);
                }
            }
            match hostname::within_plan(tx, &tenant).await {
                Ok(()) => {}
                Err(HostnameError::PlanLimit { most }) => return Err(OwnDomainError::PlanLimit { most }),
                Err(HostnameError::Store(error)) => return Err(error.into()),
                Err(_) => return Err(OwnDomainError::Held),
            }
            if resting_name::wake(tx, id, &Name::Host(host.clone())).await?.is_err() {
                return Err(OwnDomainError::Held);
            }
            hostname::rows::add(tx, id, host).await?;
            let after = json!({ "hostname": host, "proof": proof.name() });
            tx.changed_tenant(id, Change::new(id, Value::Null, after));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(())
        })
        .await
}

/// Takes a name from the tenant and lays it to rest, if the tenant has it.
pub(super) async fn let_go(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    id: TenantId,
    host: &Hostname,
    terms: &Terms,
) -> Result<(), OwnDomainError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            if !hostname::rows::remove(tx, id, host).await? {
                return Ok(());
            }
            resting_name::lay_to_rest(tx, id, &Name::Host(host.clone()), terms.quarantine).await?;
            tx.changed_tenant(id, Change::new(id, json!({ "hostname": host }), Value::Null));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(())
        })
        .await
}
