//! A connection goes for good, with its secret. Its provider stays, and with it everybody's identity there:
//! whoever comes back by another connection to the same provider is the same person.

use super::{ConnectionError, rows};
use crate::Identity;
use access::{ManageConnection, Permit};
use domain::{Change, ConnectionId, Event, event::names};
use serde_json::Value;

/// Removes a connection that is not in use.
///
/// # Errors
/// [`ConnectionError::Stage`], [`ConnectionError::Unknown`].
pub async fn remove(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
) -> Result<(), ConnectionError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        old.stage.remove()?;
        rows::end_sessions(tx, id).await?;
        rows::remove(tx, id).await?;
        tx.changed(Change::new(id, old.facts(), Value::Null));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(())
    })
    .await
}
