//! A connection goes for good, with its secret and the roles that its rules gave. Its provider stays, and with it everybody's identity there:
//! whoever comes back by another connection to the same provider is the same person.

use super::{ConnectionError, rows};
use crate::{Identity, claim_rule, saml, sign_in_domain};
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
        claim_rule::rows::take_all(tx, &claim_rule::source_of(id)).await?;
        sign_in_domain::rows::forget(tx, id).await?;
        claim_rule::rows::forget_trial(tx, id).await?;
        saml::forget_keys(tx, id).await?;
        rows::remove(tx, id).await?;
        tx.changed(Change::new(id, old.facts(), Value::Null));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(())
    })
    .await
}
