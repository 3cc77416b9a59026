//! A tenant's claims.

use super::{OwnDomain, OwnDomainError, rows};
use access::{Permit, TenantAction};
use domain::Hostname;
use store::{Store, StoreError};

/// All of them, by name. There are few: plans bound both those that are proved and those that are not.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: TenantAction>(store: &Store, permit: &Permit<A>) -> Result<Vec<OwnDomain>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}

/// One of them.
///
/// # Errors
/// [`OwnDomainError::Unknown`].
pub async fn find<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
    host: &Hostname,
) -> Result<OwnDomain, OwnDomainError> {
    store.read(permit, async |tx| rows::find(tx, host).await?.ok_or(OwnDomainError::Unknown)).await
}
