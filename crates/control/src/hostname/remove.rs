//! A tenant gives a hostname back.

use super::{HostnameError, rows};
use crate::{
    Terms,
    resting_name::{self, Name},
    turn::Turn,
};
use access::{ChangeTenant, OperatorPermit};
use domain::{Change, Event, Hostname, TenantId, event::names};
use serde_json::{Value, json};
use store::Store;

/// Takes a hostname from its tenant and lays it to rest.
///
/// # Errors
/// [`HostnameError::Unknown`] if the tenant does not have it.
pub async fn remove(
    store: &Store,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    host: &Hostname,
    terms: &Terms,
) -> Result<(), HostnameError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            if !rows::remove(tx, id, host).await? {
                return Err(HostnameError::Unknown);
            }
            resting_name::lay_to_rest(tx, id, &Name::Host(host.clone()), terms.quarantine).await?;
            tx.changed_tenant(id, Change::new(id, json!({ "hostname": host }), Value::Null));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(())
        })
        .await
}
