//! A connection's rules are set, all at once.

use super::{Held, RulesError, read};
use crate::{
    Identity,
    connection::{self, ConnectionError},
};
use access::{ManageConnection, Permit};
use domain::{Change, ConnectionId, Event, event::names};
use protocol::claims::{Rule, Rules};
use serde_json::json;

/// Sets them; gives them as they are now. They hold from the next sign-in on.
///
/// # Errors
/// [`RulesError::Bad`], [`RulesError::UnknownRole`], [`RulesError::Settled`], [`ConnectionError::Unknown`].
pub async fn set(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    rules: Vec<Rule>,
) -> Result<Held, RulesError> {
    let checked = check(room, &rules)?;
    let subject = checked.subject().map(str::to_owned);
    room.in_turn(permit, async |tx| {
        let old = connection::rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        if old.settings.claim_rules == rules {
            return Ok(());
        }
        let before = Rules::read(&old.settings.claim_rules).ok();
        let tells_apart_otherwise = before.as_ref().and_then(Rules::subject).map(str::to_owned) != subject;
        if tells_apart_otherwise && !old.stage.is_draft() {
            return Err(RulesError::Settled);
        }
        let mut new = old.clone();
        new.settings.claim_rules = rules.clone();
        let asks_otherwise = new.settings.asked_scopes() != old.settings.asked_scopes();
        if asks_otherwise || tells_apart_otherwise {
            new.stage = new.stage.with_another_client();
        }
        connection::rows::put(tx, &new).await?;
        let told = |rules: &[Rule]| json!({ "claim_rules": rules });
        tx.changed(Change::new(id, told(&old.settings.claim_rules), told(&rules)));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(())
    })
    .await?;
    read(&room.store, permit, id).await
}

/// Checks rules whole: each by itself, and whether the application has the roles that they give.
pub(super) fn check(room: &Identity, rules: &[Rule]) -> Result<Rules, RulesError> {
    let checked = Rules::read(rules)?;
    let known = room.known_roles.load();
    let unknown = checked.roles().find(|(_, role)| !known.contains_key(*role));
    match unknown {
        Some((rule, role)) => Err(RulesError::UnknownRole { rule, role: role.clone() }),
        None => Ok(checked),
    }
}
