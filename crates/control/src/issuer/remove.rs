//! An issuer is removed.

use super::{IssuerError, facts, rows};
use crate::Control;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, IssuerId, event::names};
use serde_json::Value;

/// Removes an issuer and its table of users. Its tokens are believed no more.
///
/// # Errors
/// [`IssuerError::Unknown`].
pub async fn remove(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: IssuerId,
) -> Result<(), IssuerError> {
    room.store
        .operate(permit, async |tx| {
            let before = rows::find(tx, id).await?.ok_or(IssuerError::Unknown)?;
            rows::remove(tx, id).await?;
            tx.changed(Change::new(id, facts(&before.rules), Value::Null));
            tx.emit_platform(Event::new(names::ISSUER_CHANGED, id)).await?;
            Ok(())
        })
        .await
}
