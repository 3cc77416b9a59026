//! The list of deployments.

use super::{Deployment, rows};
use access::{OperatorPermit, ReadPlatformSettings};
use domain::{DeploymentId, DisplayName, Region};
use std::collections::BTreeMap;
use store::{OperatorRead, Store, StoreError};

/// Every deployment, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<Deployment>, StoreError> {
    store.survey(permit, async |tx| rows::all(tx).await).await
}

/// The deployments that are in a region, by region and name.
pub(crate) async fn by_region(
    tx: &mut OperatorRead,
) -> Result<BTreeMap<Region, Vec<(DeploymentId, DisplayName)>>, StoreError> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for deployment in rows::all(tx).await? {
        if let Some(region) = deployment.region {
            all.entry(region).or_default().push((deployment.id, deployment.name));
        }
    }
    Ok(all)
}
