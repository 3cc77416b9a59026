//! The people of a domain may come by any connection again.

use super::{SignInDomainError, bind::facts, rows};
use crate::Identity;
use access::{ManageConnection, Permit};
use domain::{Change, Event, Hostname, event::names};
use serde_json::Value;

/// Takes the binding from a domain.
///
/// # Errors
/// [`SignInDomainError::Unknown`] if nothing is bound to it.
pub async fn unbind(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    domain: &Hostname,
) -> Result<(), SignInDomainError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, domain).await?;
        if !rows::remove(tx, domain).await? {
            return Err(SignInDomainError::Unknown);
        }
        tx.changed(Change::new(domain, old.as_ref().map_or(Value::Null, facts), Value::Null));
        tx.emit(Event::new(names::CONNECTION_CHANGED, domain)).await?;
        Ok(())
    })
    .await
}
