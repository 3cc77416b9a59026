//! A connection goes out of use: nobody signs in by it any more, and who did is signed out. Where that
//! locks people out, the caller must have said that it is meant.

use super::{Connection, ConnectionError, activate::step, rows};
use crate::{Identity, provider::ReadsConnections};
use access::{Caller, ManageConnection, Permit};
use domain::ConnectionId;
use std::fmt;
use store::{Store, TenantRead};

/// What people would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is the last one in use: nobody could sign in.
    Last,
    /// The caller came by its provider, to which there is no other connection in use.
    Own,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::Last => "It is the last connection in use: nobody will be able to sign in, you neither.",
            Loss::Own => "You are signed in by it yourself and will be signed out.",
        })
    }
}

/// Switches a connection off; gives it as it is now. `confirmed` says that whatever is lost is meant.
///
/// # Errors
/// [`ConnectionError::Unconfirmed`], [`ConnectionError::Stage`], [`ConnectionError::Unknown`].
pub async fn switch_off(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    confirmed: bool,
) -> Result<Connection, ConnectionError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        let next = old.stage.switch_off()?;
        match loss_of(tx, permit.caller(), &old).await? {
            Some(loss) if !confirmed => return Err(ConnectionError::Unconfirmed(loss)),
            _ => {}
        }
        rows::end_sessions(tx, id).await?;
        step(tx, &old, next).await
    })
    .await
}

/// What people would lose if this connection were switched off.
///
/// # Errors
/// [`ConnectionError::Store`].
pub async fn loss_in<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
    connection: &Connection,
) -> Result<Option<Loss>, ConnectionError> {
    store.read(permit, async |tx| loss_of(tx, permit.caller(), connection).await).await
}

async fn loss_of(
    tx: &mut TenantRead,
    caller: &Caller,
    connection: &Connection,
) -> Result<Option<Loss>, ConnectionError> {
    if !connection.stage.is_active() {
        return Ok(None);
    }
    if rows::other_active(tx, connection.id, None).await? == 0 {
        return Ok(Some(Loss::Last));
    }
    let came_by_it = caller.person().is_some_and(|person| person.provider == connection.provider);
    let other = rows::other_active(tx, connection.id, Some(connection.provider)).await?;
    Ok((came_by_it && other == 0).then_some(Loss::Own))
}
