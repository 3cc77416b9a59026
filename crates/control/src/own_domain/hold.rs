//! A proved name comes into the registry, or leaves it: from here on, and only from here on, requests are mapped.

use super::{OwnDomain, OwnDomainError, Proof, Serves, name, rows};
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
    claim: &OwnDomain,
    proof: Proof,
) -> Result<(), OwnDomainError> {
    let host = &claim.host;
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let tenant = tenant::rows::find(tx, id).await?.ok_or(OwnDomainError::Unknown)?;
            let proved = rows::owner(tx, host).await?;
            let mapped = hostname::rows::owner(tx, host).await?;
            if [proved, mapped].into_iter().flatten().any(|owner| owner != id) {
                return Err(OwnDomainError::Held);
            }
            // What is beneath a name of another tenant's may look like that tenant's to its people.
            for above in name::above(host) {
                let owners = [rows::owner(tx, &above).await?, hostname::rows::owner(tx, &above).await?];
                if owners.into_iter().flatten().any(|owner| owner != id) {
                    return Err(OwnDomainError::Held);
                }
            }
            let is_new = match claim.serves {
                Serves::Requests => mapped.is_none(),
                Serves::People => proved.is_none(),
            };
            if !is_new {
                rows::hold(tx, id, host).await?;
                return Ok(());
            }
            if claim.serves == Serves::People {
                if resting_name::wake(tx, id, &Name::Host(host.clone())).await?.is_err() {
                    return Err(OwnDomainError::Held);
                }
                rows::hold(tx, id, host).await?;
                let after = json!({ "people_domain": host, "proof": proof.name() });
                tx.changed_tenant(id, Change::new(id, Value::Null, after));
                tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
                return Ok(());
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
            rows::hold(tx, id, host).await?;
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
            let (mapped, proved) =
                (hostname::rows::remove(tx, id, host).await?, rows::let_go(tx, id, host).await?);
            if !mapped && !proved {
                return Ok(());
            }
            resting_name::lay_to_rest(tx, id, &Name::Host(host.clone()), terms.quarantine).await?;
            tx.changed_tenant(id, Change::new(id, json!({ "hostname": host }), Value::Null));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(())
        })
        .await
}
