//! The regions.

use super::{Gateways, Place, rows};
use crate::deployment;
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use store::{Store, StoreError};

/// Every region, by name: those whose nodes are known, and those that only deployments are in.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<Place>, StoreError> {
    store
        .survey(permit, async |tx| {
            let (mut regions, needed) = (rows::find(tx).await?, rows::needed(tx).await?);
            let (mut deployed, tenants) = (deployment::by_region(tx).await?, rows::tenants(tx).await?);
            for name in deployed.keys() {
                regions.entry(name.clone()).or_default();
            }
            let place = |(name, gateways): (domain::Region, _)| Place {
                needed_until: needed.get(name.as_str()).copied(),
                deployments: deployed.remove(&name).unwrap_or_default(),
                tenants: tenants.get(name.as_str()).copied().unwrap_or(0),
                name,
                gateways,
            };
            Ok(regions.into_iter().map(place).collect())
        })
        .await
}

/// Where the nodes of every region listen, for what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Place>, StoreError> {
    let regions: Gateways = store.survey(permit, async |tx| rows::find(tx).await).await?;
    let place =
        |(name, gateways)| Place { name, gateways, needed_until: None, deployments: Vec::new(), tenants: 0 };
    Ok(regions.into_iter().map(place).collect())
}
