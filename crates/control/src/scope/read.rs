//! The scopes that are declared.

use super::{Scope, rows};
use access::{OperatorPermit, ReadPlatformSettings, Upkeep};
use domain::ScopeName;
use std::collections::BTreeSet;
use store::{Store, StoreError};

/// All of them, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn read(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<Scope>, StoreError> {
    store.survey(permit, async |tx| rows::find(tx).await).await
}

/// Their names, for what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<BTreeSet<ScopeName>, StoreError> {
    let scopes = store.survey(permit, async |tx| rows::find(tx).await).await?;
    Ok(scopes.into_iter().map(|scope| scope.name).collect())
}
