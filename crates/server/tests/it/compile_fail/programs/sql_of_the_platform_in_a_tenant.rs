//! E0308: a tenant's transaction runs no statement that is over all tenants.

use access::{ListMembers, Permit};
use store::{Store, StoreError, operator_sql};

pub async fn count(store: &Store, permit: &Permit<ListMembers>) -> Result<i64, StoreError> {
    store
        .read(permit, async |tx| tx.number(operator_sql!("SELECT count(*) AS n FROM member"), &[]).await)
        .await
}
