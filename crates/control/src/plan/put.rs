//! A plan is put anew, whole. What it allows holds for its tenants from then on.

use super::{Plan, PlanError, check, facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Event, Limits, PlanId, event::names};
use store::Store;

/// Puts a plan's name and what it allows.
///
/// # Errors
/// [`PlanError`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: PlanId,
    name: DisplayName,
    limits: Limits,
) -> Result<Plan, PlanError> {
    store
        .operate(permit, async |tx| {
            check(&limits)?;
            let old = rows::find(tx, id).await?.ok_or(PlanError::Unknown)?;
            if !rows::may_be_called(tx, id, &name).await? {
                return Err(PlanError::NameTaken);
            }
            let plan = Plan { id, name, limits, changed_at: tx.now() };
            rows::put(tx, &plan).await?;
            let before = facts(&old.name, &old.limits);
            tx.changed(Change::new(id, before, facts(&plan.name, &plan.limits)));
            tx.emit_platform(Event::new(names::PLAN_CHANGED, id)).await?;
            Ok(plan)
        })
        .await
}
