//! A connection that was switched off goes into use again.

use super::{
    Connection, ConnectionError,
    activate::{check_certificates, step},
    rows,
};
use crate::Identity;
use access::{ManageConnection, Permit};
use domain::ConnectionId;

/// Switches a connection on; gives it as it is now.
///
/// # Errors
/// [`ConnectionError::Untested`] if its client was changed while it was off, [`ConnectionError::Stage`],
/// [`ConnectionError::Unknown`].
pub async fn switch_on(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
) -> Result<Connection, ConnectionError> {
    check_certificates(room, permit, id).await?;
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        step(tx, &old, old.stage.switch_on()?).await
    })
    .await
}
