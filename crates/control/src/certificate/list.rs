//! A tenant's certificates, as far as anybody is told of them.

use super::{Held, rows};
use access::{OperatorPermit, Permit, TenantAction, Upkeep};
use domain::Moment;
use store::{Store, StoreError};

/// What the tenant has.
pub(crate) async fn of_tenant<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Held>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}

/// Those of all tenants that are shown and end before this, the first end first.
///
/// # Errors
/// [`StoreError`].
pub async fn ending(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    before: Moment,
    most: u32,
) -> Result<Vec<Held>, StoreError> {
    store.survey(permit, async |tx| rows::ending(tx, before, most).await).await
}
