//! Rules are tried: nobody comes in, and nothing is changed.

use super::{RulesError, apply::Ruled, keep::purpose, rows, set::check};
use crate::{
    Identity,
    connection::{self, ConnectionError},
};
use access::{ManageConnection, Permit};
use domain::ConnectionId;
use protocol::claims::{Difference, Outcome, Rule, Step};
use serde_json::{Map, Value};
use store::TenantRead;

/// What rules are tried on.
#[derive(Clone, Debug)]
pub enum Sample {
    /// These claims.
    Claims(Map<String, Value>),
    /// What the last trial of the connection brought.
    LastTrial,
}

/// What came of it.
pub struct TriedOut {
    /// What each rule did.
    pub steps: Vec<Step>,
    /// What they made of the claims.
    pub outcome: Outcome,
    /// What would be kept: name and address.
    pub profile: Map<String, Value>,
    /// The difference between the claims before and after.
    pub changed: Vec<Difference>,
    /// Whether the claim by which people are told apart is there.
    pub has_subject: bool,
}

/// Tries rules on a sample; none for those that the connection has.
///
/// # Errors
/// [`RulesError::Bad`], [`RulesError::UnknownRole`], [`RulesError::NoTrial`], [`ConnectionError::Unknown`].
pub async fn try_out(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    rules: Option<Vec<Rule>>,
    sample: Sample,
) -> Result<TriedOut, RulesError> {
    let (held, claims) = room
        .store
        .read(permit, async |tx| {
            let found = connection::rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
            let claims = match sample {
                Sample::Claims(claims) => claims,
                Sample::LastTrial => last_trial(tx, id).await?,
            };
            Ok::<_, RulesError>((found.settings.claim_rules, claims))
        })
        .await?;
    let rules = check(room, rules.as_ref().unwrap_or(&held))?;
    let (outcome, steps) = rules.explain(&claims);
    let has_subject = match rules.subject() {
        Some(_) => outcome.subject.is_some(),
        None => claims.get("sub").is_some_and(Value::is_string),
    };
    let changed = Difference::between(&claims, &outcome.claims);
    let profile = Ruled::of(String::new(), outcome.clone()).profile();
    Ok(TriedOut { steps, outcome, profile, changed, has_subject })
}

async fn last_trial(tx: &mut TenantRead, id: ConnectionId) -> Result<Map<String, Value>, RulesError> {
    let trial = rows::trial(tx, id).await?.ok_or(RulesError::NoTrial)?;
    let plain = tx.master().open(&purpose(id), &trial.sealed).map_err(store::StoreError::from)?;
    serde_json::from_slice(&plain).map_err(|_| RulesError::NoTrial)
}
