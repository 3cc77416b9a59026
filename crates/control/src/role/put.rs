//! A role of the application is put: made, or described anew.

use super::{AppRole, RoleError, facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Event, RoleName, event::names};
use serde_json::Value;
use store::Store;

/// Puts a role.
///
/// # Errors
/// [`RoleError::Platform`] for a name of ours, [`RoleError::About`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: RoleName,
    title: DisplayName,
    about: &str,
) -> Result<AppRole, RoleError> {
    store
        .operate(permit, async |tx| {
            if name.is_platform() {
                return Err(RoleError::Platform);
            }
            let about = about.trim().to_owned();
            if about.chars().count() > 500 {
                return Err(RoleError::About);
            }
            let old = rows::find(tx, &name).await?;
            let role = AppRole { name, title, about, changed_at: tx.now() };
            rows::put(tx, &role).await?;
            let before = old.as_ref().map_or(Value::Null, facts);
            tx.changed(Change::new(&role.name, before, facts(&role)));
            tx.emit_platform(Event::new(names::ROLES_CHANGED, &role.name)).await?;
            Ok(role)
        })
        .await
}
