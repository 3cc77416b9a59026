//! The people of a proved domain are led to a connection.

use super::{SignInDomain, SignInDomainError, domain_of, rows};
use crate::{Identity, connection};
use access::{Caller, ManageConnection, Permit};
use domain::{Change, ConnectionId, Event, Hostname, ProviderId, event::names};
use serde_json::{Value, json};

/// Binds a domain to a connection. With `is_only`, nobody with an address there gets in by another provider, and sessions
/// by others end, so that whoever still may comes in again. `confirmed` says that locking oneself out is meant.
///
/// # Errors
/// As [`SignInDomainError`] says.
pub async fn bind(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    domain: &Hostname,
    id: ConnectionId,
    is_only: bool,
    confirmed: bool,
) -> Result<SignInDomain, SignInDomainError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, domain).await?.ok_or(SignInDomainError::Unknown)?;
        let to = connection::rows::find(tx, id).await?.ok_or(SignInDomainError::UnknownConnection)?;
        if !to.stage.is_active() {
            return Err(SignInDomainError::NotInUse);
        }
        if is_only && !confirmed && locks_out(permit.caller(), domain, to.provider) {
            return Err(SignInDomainError::Unconfirmed);
        }
        rows::put(tx, domain, id, is_only).await?;
        let was_only = old.way.as_ref().is_some_and(|way| way.is_only && way.connection == id);
        if is_only && !was_only {
            rows::end_other_sessions(tx, to.provider).await?;
        }
        let new = rows::find(tx, domain).await?.ok_or(SignInDomainError::Unknown)?;
        tx.changed(Change::new(domain, facts(&old), facts(&new)));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(new)
    })
    .await
}

fn locks_out(caller: &Caller, domain: &Hostname, provider: ProviderId) -> bool {
    caller.person().is_some_and(|person| {
        person.provider != provider
            && person.email.as_deref().and_then(domain_of).is_some_and(|own| own == *domain)
    })
}

/// What is set, for the audit trail.
pub(super) fn facts(domain: &SignInDomain) -> Value {
    match &domain.way {
        Some(way) => json!({ "connection": way.connection, "only": way.is_only }),
        None => Value::Null,
    }
}
