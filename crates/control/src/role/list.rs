//! The list of the application's roles.

use super::{AppRole, rows};
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use domain::{DisplayName, RoleName};
use std::collections::BTreeMap;
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

/// Their names and titles, for what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
) -> Result<BTreeMap<RoleName, DisplayName>, StoreError> {
    let roles = store.survey(permit, async |tx| rows::all(tx).await).await?;
    Ok(roles.into_iter().map(|role| (role.name, role.title)).collect())
}
