//! A tenant's standing changes, by hand and for a reason that the tenant can read.

use super::{Tenant, TenantError, rows};
use crate::turn::Turn;
use access::{ChangeTenant, OperatorPermit};
use domain::{Change, Event, Standing, TenantId, event::names};
use serde_json::json;
use store::Store;

/// What an operator may make of a tenant that stands so. Moving and erasing are works of their own, which
/// set their standing themselves; nobody does by hand.
pub fn may_become(from: Standing) -> &'static [Standing] {
    use Standing::{Active, Leaving, Maintenance, Provisioning, ReadOnly, Suspended, Trial};
    match from {
        Provisioning => &[Trial, Active, Suspended, Leaving],
        Trial => &[Active, ReadOnly, Maintenance, Suspended, Leaving],
        Active => &[ReadOnly, Maintenance, Suspended, Leaving],
        ReadOnly => &[Trial, Active, Maintenance, Suspended, Leaving],
        Maintenance => &[Trial, Active, ReadOnly, Suspended, Leaving],
        Suspended => &[Trial, Active, ReadOnly, Leaving],
        Leaving => &[Active, ReadOnly, Suspended],
        Standing::Moving | Standing::Erased => &[],
    }
}

/// Gives a tenant another standing. One that is closed is closed on every node as soon as the feed says so.
///
/// # Errors
/// [`TenantError::Transition`] for a standing that does not follow, [`TenantError::House`],
/// [`TenantError::Reason`].
pub async fn stand(
    store: &Store,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    to: Standing,
    reason: &str,
) -> Result<Tenant, TenantError> {
    let reason = reason.trim();
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let old = rows::find(tx, id).await?.ok_or(TenantError::Unknown)?;
            if old.is_house() {
                return Err(TenantError::House);
            }
            if !(3..=500).contains(&reason.chars().count()) {
                return Err(TenantError::Reason);
            }
            if !may_become(old.standing).contains(&to) {
                return Err(TenantError::Transition { from: old.standing, to });
            }
            let before = json!({ "standing": old.standing.name() });
            let after = json!({ "standing": to.name(), "reason": reason });
            let new = Tenant { standing: to, changed_at: tx.now(), ..old };
            rows::put(tx, &new).await?;
            tx.changed_tenant(id, Change::new(id, before, after));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(new)
        })
        .await
}
