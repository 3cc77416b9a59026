//! E0277: an action that reads opens no write.

use access::{ListMembers, Permit};
use store::{Store, StoreError};

pub async fn change(store: &Store, permit: &Permit<ListMembers>) -> Result<(), StoreError> {
    store.write(permit, async |_| Ok(())).await
}
