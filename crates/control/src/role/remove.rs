//! A role of the application is removed. Nobody can be given it any more; members who hold it keep the
//! name, which backends go on receiving, until their tenant's admin takes it away.

use super::{RoleError, facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, RoleName, event::names};
use serde_json::Value;
use store::Store;

/// Removes a role.
///
/// # Errors
/// [`RoleError::Unknown`].
pub async fn remove(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: &RoleName,
) -> Result<(), RoleError> {
    store
        .operate(permit, async |tx| {
            let old = rows::find(tx, name).await?.ok_or(RoleError::Unknown)?;
            rows::remove(tx, name).await?;
            tx.changed(Change::new(name, facts(&old), Value::Null));
            tx.emit_platform(Event::new(names::ROLES_CHANGED, name)).await?;
            Ok(())
        })
        .await
}
