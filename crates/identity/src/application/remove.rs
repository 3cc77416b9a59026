//! An application is removed: what it holds is good for nothing any more, at every tenant.

use super::{ApplicationError, facts, rows};
use crate::Identity;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{ApplicationId, Change, Event, event::names};
use serde_json::Value;

/// Removes an application.
///
/// # Errors
/// [`ApplicationError::Unknown`].
pub async fn remove(
    room: &Identity,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: ApplicationId,
) -> Result<(), ApplicationError> {
    let event = || Event::new(names::APPLICATION_CHANGED, id);
    room.store
        .operate(permit, async |tx| {
            let before = rows::find(tx, id).await?.ok_or(ApplicationError::Unknown)?;
            rows::remove(tx, id).await?;
            tx.changed(Change::new(id, facts(&before.metadata), Value::Null));
            tx.emit_platform(event()).await?;
            Ok::<_, ApplicationError>(())
        })
        .await?;
    room.reload_applications(permit).await?;
    room.web.warden.hear_of_platform(event()).await;
    Ok(())
}
