//! A tenant gives a name back.

use super::{OwnDomainError, check::upkeep, hold, rows};
use crate::{Control, certificate, order};
use access::{ManageDomains, Permit};
use domain::{Change, Event, Hostname, event::names};
use serde_json::{Value, json};

/// Takes the name from the tenant: it maps nothing any more, and rests before others may have it.
///
/// # Errors
/// [`OwnDomainError::Unknown`].
pub async fn remove(
    room: &Control,
    permit: &Permit<ManageDomains>,
    host: &Hostname,
) -> Result<(), OwnDomainError> {
    let claim = super::find(&room.store, permit, host).await?;
    // Unmapped first: should the rest fail, the claim is there to try again.
    if claim.standing.maps() {
        hold::let_go(&room.store, &upkeep(room, permit)?, permit.tenant_id(), host, &room.terms).await?;
    }
    let removed = room
        .store
        .write(permit, async |tx| {
            let claim = rows::find(tx, host).await?.ok_or(OwnDomainError::Unknown)?;
            rows::remove(tx, host).await?;
            certificate::forget(tx, host).await?;
            order::forget(tx, host).await?;
            tx.changed(Change::new(host, json!({ "standing": claim.standing.name() }), Value::Null));
            tx.emit(Event::new(names::DOMAIN_CHANGED, host).with("standing", "removed")).await?;
            Ok::<_, OwnDomainError>(claim)
        })
        .await?;
    // Proved, perhaps, between the two.
    if removed.standing.maps() && !claim.standing.maps() {
        hold::let_go(&room.store, &upkeep(room, permit)?, permit.tenant_id(), host, &room.terms).await?;
    }
    room.hear_tenant(permit.tenant_id()).await;
    Ok(())
}
