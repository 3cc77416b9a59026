//! How the pages look now.

use super::{BrandError, Look, rows};
use access::{Permit, ReadSettings};
use store::Store;

/// How the pages of the permit's tenant look.
///
/// # Errors
/// [`BrandError::Gone`].
pub async fn read(store: &Store, permit: &Permit<ReadSettings>) -> Result<Look, BrandError> {
    store.read(permit, async |tx| rows::find(tx).await?.ok_or(BrandError::Gone)).await
}
