//! E0308: what opens one's own things opens no tenant.

use access::{ListMembers, PersonPermit, ReadOwnTenants};
use store::{Store, StoreError};

pub async fn enter(store: &Store, permit: &PersonPermit<ReadOwnTenants>) -> Result<(), StoreError> {
    store.read::<ListMembers, (), StoreError>(permit, async |_| Ok(())).await
}
