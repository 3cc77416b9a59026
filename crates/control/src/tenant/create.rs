//! A tenant comes into being: one transaction, no restart, and a one-time link for its first admin.

use super::{Tenant, TenantError, rows};
use crate::{
    Terms, deployment,
    invitation::{self, Invitation},
    plan,
    resting_name::{self, Name},
    turn::Turn,
};
use access::{CreateTenant, OperatorPermit};
use domain::{
    Change, DeploymentId, DisplayName, Event, PlanId, PlatformRole, Region, Slug, Standing, TenantId,
    event::names,
};
use serde_json::{Value, json};
use store::{OperatorWrite, Store, StoreError};

/// What a new tenant is to be like.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its slug; a second tenant with the same is refused, so that a repeated request makes no twin.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// How it stands at first: provisioning, trial or active.
    pub standing: Standing,
    /// Its plan; none for the oldest one.
    pub plan: Option<PlanId>,
    /// Where it is hosted; none for the oldest deployment.
    pub deployment: Option<DeploymentId>,
    /// Where its data and its people's profiles live; none for the installation's home region.
    pub region: Option<Region>,
    /// Whether strangers may see its sign-in page.
    pub published: bool,
}

impl NewTenant {
    /// A tenant as most are: active, on the default plan and deployment, with a sign-in page that can be
    /// found. Without a published page nobody can sign in who has not been there before.
    pub fn named(slug: Slug, name: DisplayName) -> Self {
        NewTenant {
            slug,
            name,
            standing: Standing::Active,
            plan: None,
            deployment: None,
            region: None,
            published: true,
        }
    }
}

/// A new tenant, and the link by which its first admin comes in.
#[derive(Debug)]
pub struct Created {
    /// The tenant.
    pub tenant: Tenant,
    /// The one-time link.
    pub invitation: Invitation,
}

/// Creates a tenant.
///
/// # Errors
/// [`TenantError::SlugTaken`] and its like.
pub async fn create(
    store: &Store,
    permit: &OperatorPermit<CreateTenant>,
    new: &NewTenant,
    terms: &Terms,
) -> Result<Created, TenantError> {
    let begins = matches!(new.standing, Standing::Provisioning | Standing::Trial | Standing::Active);
    store
        .operate(permit, async |tx| {
            if !begins {
                return Err(TenantError::BeginsOtherwise(new.standing));
            }
            Turn::Registry.take(tx).await?;
            let id: TenantId = tx.new_id();
            take_slug(tx, id, &new.slug).await?;
            let tenant = add(tx, id, new, terms).await?;
            let invitation =
                invitation::issue(tx, id, &[PlatformRole::Admin], terms.invitation, None).await?;
            let after = facts(&tenant, new.published, &invitation);
            tx.changed_tenant(id, Change::new(id, Value::Null, after));
            tx.emit(id, Event::new(names::TENANT_CHANGED, id)).await?;
            Ok(Created { tenant, invitation })
        })
        .await
}

async fn add(
    tx: &mut OperatorWrite,
    id: TenantId,
    new: &NewTenant,
    terms: &Terms,
) -> Result<Tenant, TenantError> {
    let plan = match new.plan {
        Some(plan) => plan::rows::find(tx, plan).await?.map(|plan| plan.id),
        None => plan::rows::oldest(tx).await?,
    };
    let deployment = match new.deployment {
        Some(deployment) => deployment::rows::find(tx, deployment).await?.map(|found| found.id),
        None => deployment::rows::oldest(tx).await?,
    };
    let row = rows::NewRow {
        id,
        slug: &new.slug,
        name: &new.name,
        standing: new.standing,
        plan: plan.ok_or(TenantError::NoSuchPlan)?,
        deployment: deployment.ok_or(TenantError::NoSuchDeployment)?,
        region: new.region.as_ref().unwrap_or(&terms.home_region).as_str(),
    };
    rows::add(tx, &row).await.map_err(taken_meanwhile)?;
    rows::add_settings(tx, id, new.published, terms).await?;
    rows::find(tx, id).await?.ok_or(TenantError::Unknown)
}

/// Makes sure that `tenant` may have this slug; one of its own that rests is woken.
pub(super) async fn take_slug(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    slug: &Slug,
) -> Result<(), TenantError> {
    if rows::find_by_slug(tx, slug).await?.is_some() {
        return Err(TenantError::SlugTaken);
    }
    match resting_name::wake(tx, tenant, &Name::Slug(slug.clone())).await? {
        Ok(()) => Ok(()),
        Err(until) => Err(TenantError::SlugResting { until }),
    }
}

/// The turn is taken before, so only a writer that does not take turns could be quicker.
fn taken_meanwhile(error: StoreError) -> TenantError {
    match error {
        StoreError::Conflict(_) => TenantError::SlugTaken,
        other => TenantError::Store(other),
    }
}

fn facts(tenant: &Tenant, published: bool, invitation: &Invitation) -> Value {
    json!({
        "slug": tenant.slug,
        "name": tenant.name,
        "standing": tenant.standing.name(),
        "plan": tenant.plan,
        "deployment": tenant.deployment,
        "region": tenant.region,
        "published": published,
        "invitation_ends": invitation.ends.to_string(),
    })
}
