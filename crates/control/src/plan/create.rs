//! A plan is made.

use super::{Plan, PlanError, check, facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DisplayName, Limits};
use serde_json::Value;
use store::Store;

/// Makes a plan. Nobody has it yet, so nobody is told.
///
/// # Errors
/// [`PlanError::NameTaken`] and its like.
pub async fn create(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: DisplayName,
    limits: Limits,
) -> Result<Plan, PlanError> {
    store
        .operate(permit, async |tx| {
            check(&limits)?;
            let plan = Plan { id: tx.new_id(), name, limits, changed_at: tx.now() };
            if !rows::may_be_called(tx, plan.id, &plan.name).await? {
                return Err(PlanError::NameTaken);
            }
            rows::put(tx, &plan).await?;
            tx.changed(Change::new(plan.id, Value::Null, facts(&plan.name, &plan.limits)));
            Ok(plan)
        })
        .await
}
