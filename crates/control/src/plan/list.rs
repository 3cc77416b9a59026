//! The list of plans.

use super::{Plan, rows};
use access::{OperatorPermit, ReadPlatformSettings};
use store::{Store, StoreError};

/// Every plan, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
) -> Result<Vec<Plan>, StoreError> {
    store.survey(permit, async |tx| rows::all(tx).await).await
}
