//! The regions.

use super::{Gateways, Place, rows};
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use store::{Store, StoreError};

/// Every region, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<Place>, StoreError> {
    let (regions, needed) = store
        .survey(permit, async |tx| Ok::<_, StoreError>((rows::find(tx).await?, rows::needed(tx).await?)))
        .await?;
    let place = |(name, gateways): (domain::Region, _)| Place {
        needed_until: needed.get(name.as_str()).copied(),
        name,
        gateways,
    };
    Ok(regions.into_iter().map(place).collect())
}

/// Where the nodes of every region listen, for what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Place>, StoreError> {
    let regions: Gateways = store.survey(permit, async |tx| rows::find(tx).await).await?;
    let place = |(name, gateways)| Place { name, gateways, needed_until: None };
    Ok(regions.into_iter().map(place).collect())
}
