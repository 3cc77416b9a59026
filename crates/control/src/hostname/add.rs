//! A tenant gets a hostname of its own.

use super::{HostnameError, Reserved, rows};
use crate::{
    plan,
    resting_name::{self, Name},
    tenant,
    turn::Turn,
};
use access::{ChangeTenant, OperatorPermit};
use domain::{Change, Event, Hostname, Limit, TenantId, event::names};
use serde_json::{Value, json};
use store::{OperatorWrite, Store};

/// Adds a hostname. Adding one that the tenant has already changes nothing.
///
/// # Errors
/// [`HostnameError::Taken`] and its like.
pub async fn add(
    store: &Store,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    host: &Hostname,
    reserved: &Reserved,
) -> Result<(), HostnameError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let tenant = tenant::rows::find(tx, id).await?.ok_or(HostnameError::UnknownTenant)?;
            match rows::owner(tx, host).await? {
                Some(owner) if owner == id => return Ok(()),
                Some(_) => return Err(HostnameError::Taken),
                None if reserved.holds(host) => return Err(HostnameError::Reserved),
                None => {}
            }
            within_plan(tx, &tenant).await?;
            if let Err(until) = resting_name::wake(tx, id, &Name::Host(host.clone())).await? {
                return Err(HostnameError::Resting { until });
            }
            rows::add(tx, id, host).await?;
            tx.changed_tenant(id, Change::new(id, Value::Null, json!({ "hostname": host })));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(())
        })
        .await
}

/// Whether the tenant may have one more.
pub(crate) async fn within_plan(
    tx: &mut OperatorWrite,
    tenant: &tenant::Tenant,
) -> Result<(), HostnameError> {
    let plan = plan::rows::find(tx, tenant.plan).await?;
    let most = plan.map_or(Limit::Hostnames.default_value(), |plan| plan.limits.of(Limit::Hostnames));
    let has = rows::of(tx, tenant.id).await?.len() as u64;
    if has < most { Ok(()) } else { Err(HostnameError::PlanLimit { most }) }
}
