//! The list of the application's roles.

use super::{AppRole, rows};
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use domain::RoleName;
use std::collections::BTreeSet;
use store::{Store, StoreError};

/// Every role of the application, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<AppRole>, StoreError> {
    store.survey(permit, async |tx| rows::all(tx).await).await
}

/// Their names, for what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<BTreeSet<RoleName>, StoreError> {
    let roles = store.survey(permit, async |tx| rows::all(tx).await).await?;
    Ok(roles.into_iter().map(|role| role.name).collect())
}
