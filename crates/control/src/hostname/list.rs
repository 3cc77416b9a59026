//! A tenant's hostnames.

use super::{HostnameError, OwnHostname, rows};
use crate::tenant;
use access::{OperatorPermit, ReadTenants};
use domain::TenantId;
use store::Store;

/// The hostnames of this tenant.
///
/// # Errors
/// [`HostnameError::UnknownTenant`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadTenants>,
    id: TenantId,
) -> Result<Vec<OwnHostname>, HostnameError> {
    store
        .survey(permit, async |tx| {
            tenant::rows::find(tx, id).await?.ok_or(HostnameError::UnknownTenant)?;
            Ok(rows::of(tx, id).await?)
        })
        .await
}
