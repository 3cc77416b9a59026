//! A tenant's certificates, as far as anybody is told of them.

use super::{Held, rows};
use access::{Permit, TenantAction};
use store::{Store, StoreError};

/// What the tenant has.
pub(crate) async fn of_tenant<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Held>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}
