//! E0308: an operator's permit opens no tenant.

use access::{ListMembers, OperatorPermit, ReadTenants};
use store::{Store, StoreError};

pub async fn enter(store: &Store, permit: &OperatorPermit<ReadTenants>) -> Result<(), StoreError> {
    store.read::<ListMembers, (), StoreError>(permit, async |_| Ok(())).await
}
