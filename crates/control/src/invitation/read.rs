//! How a tenant's invitations stand.

use super::{Known, rows};
use access::{OperatorPermit, ReadTenants};
use domain::TenantId;
use store::{Store, StoreError};

/// What is known of the invitations of this tenant. A tenant that is not there has none.
///
/// # Errors
/// [`StoreError`].
pub async fn read(
    store: &Store,
    permit: &OperatorPermit<ReadTenants>,
    tenant: TenantId,
) -> Result<Known, StoreError> {
    store.survey(permit, async |tx| rows::known(tx, tenant).await).await
}
