//! One tenant's entry.

use super::{Tenant, TenantError, rows};
use access::{OperatorPermit, ReadTenants};
use domain::TenantId;
use store::Store;

/// The tenant with this id.
///
/// # Errors
/// [`TenantError::Unknown`].
pub async fn read(
    store: &Store,
    permit: &OperatorPermit<ReadTenants>,
    id: TenantId,
) -> Result<Tenant, TenantError> {
    store.survey(permit, async |tx| rows::find(tx, id).await?.ok_or(TenantError::Unknown)).await
}
