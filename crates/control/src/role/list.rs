//! The list of the application's roles.

use super::{AppRole, rows};
use access::{OperatorPermit, ReadPlatformSettings};
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
