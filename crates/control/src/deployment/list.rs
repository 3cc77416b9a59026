//! The list of deployments.

use super::{Deployment, rows};
use access::{OperatorPermit, ReadPlatformSettings};
use store::{Store, StoreError};

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
