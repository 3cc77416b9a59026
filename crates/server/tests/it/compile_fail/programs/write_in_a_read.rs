//! E0599: a read has no way to change anything.

use access::{ListMembers, Permit};
use store::{Store, StoreError, sql};

pub async fn change(store: &Store, permit: &Permit<ListMembers>) -> Result<u64, StoreError> {
    store.read(permit, async |tx| tx.run(sql!("DELETE FROM member WHERE tenant_id = $1"), &[]).await).await
}
