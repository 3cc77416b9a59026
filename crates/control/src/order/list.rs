//! A tenant's orders.

use super::{Order, rows};
use access::{Permit, TenantAction};
use store::{Store, StoreError};

/// How the tenant's orders stand.
pub(crate) async fn of_tenant<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Order>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}
