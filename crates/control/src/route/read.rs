//! The routes as they were last put.

use super::{Routing, rows};
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use store::{Store, StoreError};

/// The document; none if none was ever put, and the gateway's own defaults hold.
///
/// # Errors
/// [`StoreError`].
pub async fn read(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Option<Routing>, StoreError> {
    store.survey(permit, async |tx| rows::find(tx).await).await
}

/// The same, for the gateway.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Option<Routing>, StoreError> {
    store.survey(permit, async |tx| rows::find(tx).await).await
}
