//! Renaming a tenant, giving it another slug, plan or deployment: one write, whatever is changed.

use super::{Tenant, TenantError, create::take_slug, rows};
use crate::{
    Terms, deployment, plan, region,
    resting_name::{self, Name},
    turn::Turn,
};
use access::{ChangeTenant, OperatorPermit};
use domain::{Change, DeploymentId, DisplayName, Event, PlanId, Slug, TenantId, event::names};
use serde_json::{Map, Value};
use std::time::Duration;
use store::{OperatorWrite, Store};

/// What is to be different. Nothing is keyed by any of it, so nobody's access breaks (ledger A21).
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<DisplayName>,
    /// Another slug; the old one rests.
    pub slug: Option<Slug>,
    /// Another plan.
    pub plan: Option<PlanId>,
    /// Another deployment; raises the placement's generation.
    pub deployment: Option<DeploymentId>,
    /// With another deployment: how long the tenant's names may still lead to the region where it was, as was seen
    /// before.
    pub lifetime: Duration,
}

/// Changes a tenant's entry; gives it as it is now.
///
/// # Errors
/// [`TenantError`].
pub async fn change(
    store: &Store,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    changes: &Changes,
    terms: &Terms,
) -> Result<Tenant, TenantError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let old = rows::find(tx, id).await?.ok_or(TenantError::Unknown)?;
            let new = apply(tx, &old, changes, terms).await?;
            let (before, after) = differences(&old, &new);
            if before != after {
                rows::put(tx, &new).await?;
                tx.changed_tenant(id, Change::new(id, before, after));
                tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            }
            rows::find(tx, id).await?.ok_or(TenantError::Unknown)
        })
        .await
}

async fn apply(
    tx: &mut OperatorWrite,
    old: &Tenant,
    changes: &Changes,
    terms: &Terms,
) -> Result<Tenant, TenantError> {
    let mut new = old.clone();
    if let Some(name) = &changes.name {
        new.name = name.clone();
    }
    if let Some(slug) = changes.slug.as_ref().filter(|slug| **slug != old.slug) {
        if old.is_house() {
            return Err(TenantError::House);
        }
        take_slug(tx, old.id, slug).await?;
        resting_name::lay_to_rest(tx, old.id, &Name::Slug(old.slug.clone()), terms.quarantine).await?;
        new.slug = slug.clone();
    }
    if let Some(plan) = changes.plan {
        new.plan = plan::rows::find(tx, plan).await?.ok_or(TenantError::NoSuchPlan)?.id;
    }
    if let Some(deployment) = changes.deployment.filter(|deployment| *deployment != old.deployment) {
        let found = deployment::rows::find(tx, deployment).await?.ok_or(TenantError::NoSuchDeployment)?;
        let left = deployment::rows::find(tx, old.deployment).await?;
        let from = left.as_ref().and_then(|left| left.region.as_ref());
        region::note_move(tx, old.id, (from, found.region.as_ref()), changes.lifetime).await?;
        new.deployment = found.id;
        new.generation += 1;
    }
    Ok(new)
}

/// What is different, before and after, for the audit trail.
fn differences(old: &Tenant, new: &Tenant) -> (Value, Value) {
    let (mut before, mut after) = (Map::new(), Map::new());
    let mut note = |field: &str, was: String, is: String| {
        if was != is {
            before.insert(field.to_owned(), Value::String(was));
            after.insert(field.to_owned(), Value::String(is));
        }
    };
    note("name", old.name.to_string(), new.name.to_string());
    note("slug", old.slug.to_string(), new.slug.to_string());
    note("plan", old.plan.to_string(), new.plan.to_string());
    note("deployment", old.deployment.to_string(), new.deployment.to_string());
    (Value::Object(before), Value::Object(after))
}
