//! A plan is put, whole: made, or changed. What it allows holds for its tenants from then on.

use super::{Plan, PlanError, check, facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Event, Limits, event::names};
use serde_json::Value;
use store::Store;

/// Puts what the plan of this name allows. `rename` gives it another name.
///
/// # Errors
/// [`PlanError::NoSuchLimit`] and its like, [`PlanError::NameTaken`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: DisplayName,
    rename: Option<DisplayName>,
    limits: Limits,
) -> Result<Plan, PlanError> {
    store
        .operate(permit, async |tx| {
            check(&limits)?;
            let old = rows::find_by_name(tx, &name).await?;
            let id = old.as_ref().map_or_else(|| tx.new_id(), |old| old.id);
            let plan = Plan { id, name: rename.unwrap_or(name), limits, changed_at: tx.now() };
            if !rows::may_be_called(tx, id, &plan.name).await? {
                return Err(PlanError::NameTaken);
            }
            rows::put(tx, &plan).await?;
            let before = old.as_ref().map_or(Value::Null, |old| facts(&old.name, &old.limits));
            tx.changed(Change::new(id, before, facts(&plan.name, &plan.limits)));
            tx.emit_platform(Event::new(names::PLAN_CHANGED, id)).await?;
            Ok(plan)
        })
        .await
}
