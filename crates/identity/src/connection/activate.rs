//! A draft goes into use, once a test has shown that it works.

use super::{Connection, ConnectionError, Stage, rows};
use crate::Identity;
use access::{ManageConnection, Permit};
use domain::{Change, ConnectionId, Event, event::names};
use serde_json::json;
use store::TenantWrite;

/// Activates a draft; gives the connection as it is now.
///
/// # Errors
/// [`ConnectionError::Untested`], [`ConnectionError::Stage`], [`ConnectionError::Unknown`].
pub async fn activate(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
) -> Result<Connection, ConnectionError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        step(tx, &old, old.stage.activate()?).await
    })
    .await
}

/// Writes down the next stage of a connection, and tells.
pub(super) async fn step(
    tx: &mut TenantWrite,
    old: &Connection,
    next: Stage,
) -> Result<Connection, ConnectionError> {
    let new = Connection { stage: next, ..old.clone() };
    rows::put(tx, &new).await?;
    let standing = |connection: &Connection| json!({ "standing": connection.stage.standing().name() });
    tx.changed(Change::new(old.id, standing(old), standing(&new)));
    tx.emit(Event::new(names::CONNECTION_CHANGED, old.id)).await?;
    rows::find(tx, old.id).await?.ok_or(ConnectionError::Unknown)
}
