//! A tenant's orders.

use super::{Order, rows};
use access::{OperatorPermit, Permit, TenantAction, Upkeep};
use store::{Store, StoreError};

/// How the tenant's orders stand.
pub(crate) async fn of_tenant<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Order>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}

/// Orders of all tenants that were refused, those that were tried most first.
///
/// # Errors
/// [`StoreError`].
pub async fn refused(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    most: u32,
) -> Result<Vec<Order>, StoreError> {
    store.survey(permit, async |tx| rows::refused(tx, most).await).await
}
