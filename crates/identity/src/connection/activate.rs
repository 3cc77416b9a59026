//! A draft goes into use, once a test has shown that it works.

use super::{Connection, ConnectionError, Stage, rows};
use crate::{
    Identity,
    provider::{self, Kind},
};
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
    check_certificates(room, permit, id).await?;
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        step(tx, &old, old.stage.activate()?).await
    })
    .await
}

/// A provider all of whose certificates have ended comes into use nowhere. One that is in use goes on: what has ended is
/// a date, and whoever is let in is proven by the key all the same.
pub(super) async fn check_certificates(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
) -> Result<(), ConnectionError> {
    let found = room.store.read(permit, async |tx| rows::find(tx, id).await).await?;
    let Some(connection) = found.filter(|found| found.kind == Kind::Saml) else { return Ok(()) };
    match provider::metadata(&room.store, permit, connection.provider).await? {
        Some(metadata) if metadata.certificates_end() <= room.now() => Err(ConnectionError::CertificateEnded),
        _ => Ok(()),
    }
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
