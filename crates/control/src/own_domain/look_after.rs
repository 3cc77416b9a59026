//! What happens to claims by themselves: those that were never proved end, the others are proved anew.

use super::{Due, OwnDomainError, check::look, rows};
use crate::Control;
use access::{LookAfterDomains, OperatorPermit, Permit, Upkeep};
use domain::{Change, Event, event::names};
use serde_json::{Value, json};
use std::time::Duration;
use store::StoreError;

/// How many are looked at in one round.
const BATCH: u32 = 50;
/// Whoever takes a turn has so long before another node takes one.
const TURN: Duration = Duration::from_secs(60);

/// The claims that something is to be done about.
///
/// # Errors
/// [`StoreError`].
pub async fn due(room: &Control, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Due>, StoreError> {
    room.store.survey(permit, async |tx| rows::due(tx, BATCH).await).await
}

/// Does it for one of the permit's tenant, unless another node does.
///
/// # Errors
/// [`OwnDomainError`]; a name that is proved and held by somebody else is none.
pub async fn look_after(
    room: &Control,
    permit: &Permit<LookAfterDomains>,
    due: &Due,
) -> Result<(), OwnDomainError> {
    let claim = room
        .store
        .write(permit, async |tx| {
            let next = tx.now() + TURN;
            if !rows::take_turn(tx, &due.host, due.at, next).await? {
                return Ok(None);
            }
            let Some(claim) = rows::find(tx, &due.host).await? else { return Ok(None) };
            if claim.standing.maps() {
                return Ok(Some(claim));
            }
            rows::remove(tx, &due.host).await?;
            let before = json!({ "standing": claim.standing.name() });
            tx.changed(Change::new(&due.host, before, Value::Null));
            tx.emit(Event::new(names::DOMAIN_CHANGED, &due.host).with("standing", "ended")).await?;
            Ok::<_, OwnDomainError>(None)
        })
        .await?;
    match claim {
        Some(claim) => match look(room, permit, claim).await {
            Err(OwnDomainError::Held | OwnDomainError::PlanLimit { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
        None => Ok(()),
    }
}
