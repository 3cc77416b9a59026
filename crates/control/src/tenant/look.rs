//! Everything that an operator's page about a tenant shows.

use super::{Tenant, TenantError, rows};
use crate::{
    deployment::{self, Deployment},
    hostname::{self, OwnHostname},
    invitation::{self, Known},
    plan::{self, Plan},
};
use access::{OperatorAction, OperatorPermit};
use domain::TenantId;
use store::{OperatorRead, Store, StoreError};

/// A tenant, and what may be chosen for it.
pub(super) struct Look {
    pub(super) tenant: Tenant,
    pub(super) hostnames: Vec<OwnHostname>,
    pub(super) invitations: Known,
    pub(super) options: Options,
}

/// What may be chosen for a tenant.
pub(super) struct Options {
    pub(super) plans: Vec<Plan>,
    pub(super) deployments: Vec<Deployment>,
}

/// Looks at a tenant. Whoever may change one may see it, so that a refused form can be shown again.
pub(super) async fn look<A: OperatorAction>(
    store: &Store,
    permit: &OperatorPermit<A>,
    id: TenantId,
) -> Result<Look, TenantError> {
    store
        .survey(permit, async |tx| {
            Ok(Look {
                tenant: rows::find(tx, id).await?.ok_or(TenantError::Unknown)?,
                hostnames: hostname::rows::of(tx, id).await?,
                invitations: invitation::rows::known(tx, id).await?,
                options: choose(tx).await?,
            })
        })
        .await
}

/// What may be chosen for a new tenant.
pub(super) async fn options<A: OperatorAction>(
    store: &Store,
    permit: &OperatorPermit<A>,
) -> Result<Options, StoreError> {
    store.survey(permit, async |tx| choose(tx).await).await
}

/// The oldest first: it is what holds where nothing is chosen.
async fn choose(tx: &mut OperatorRead) -> Result<Options, StoreError> {
    let (mut plans, mut deployments) = (plan::rows::all(tx).await?, deployment::rows::all(tx).await?);
    plans.sort_by_key(|plan| plan.id);
    deployments.sort_by_key(|deployment| deployment.id);
    Ok(Options { plans, deployments })
}
