//! Products, looked at.

use super::{Bundled, Product, ProductError, rows};
use crate::route;
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use domain::ProductName;
use store::{Store, StoreError};

/// All products in order of name, and the routes that belong to them.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<(Vec<Product>, Vec<Bundled>), StoreError> {
    store
        .survey(permit, async |tx| {
            let routes = route::find(tx).await?.map(|routing| rows::bundled(&routing.document));
            Ok((rows::all(tx).await?, routes.unwrap_or_default()))
        })
        .await
}

/// One product.
///
/// # Errors
/// [`ProductError::Unknown`].
pub async fn find(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
    name: &ProductName,
) -> Result<Product, ProductError> {
    let found = store.survey(permit, async |tx| rows::find(tx, name).await).await?;
    found.ok_or(ProductError::Unknown)
}

/// All of them, for the gateway and for those who subscribe.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Product>, StoreError> {
    store.survey(permit, async |tx| rows::all(tx).await).await
}
