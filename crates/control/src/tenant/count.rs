//! How many tenants there are, by standing.

use super::rows;
use access::{OperatorPermit, ReadTenants};
use domain::Standing;
use store::{Store, StoreError};

/// How many tenants stand in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// In which way.
    pub standing: Standing,
    /// How many, the house included.
    pub tenants: i64,
}

/// Counts tenants by standing; a standing that nobody has is left out.
///
/// # Errors
/// [`StoreError`].
pub async fn count(store: &Store, permit: &OperatorPermit<ReadTenants>) -> Result<Vec<Count>, StoreError> {
    store.survey(permit, async |tx| rows::count(tx).await).await
}
