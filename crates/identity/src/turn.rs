//! Taking turns inside a tenant. Some decisions look at several rows: whether this is the last admin,
//! whether the plan still has room. Two of them at once must go one after the other. SQLite has one writer
//! anyway; on PostgreSQL the tenant's row of settings is the queue, because what is read after its update
//! is read as the one before left it.

use crate::Identity;
use access::{Permit, TenantAction, Writes};
use domain::Fault;
use store::{StoreError, TenantWrite, sql};

/// Waits for this transaction's turn in its tenant, which lasts until it ends.
pub(crate) async fn take(tx: &mut TenantWrite) -> Result<(), StoreError> {
    let sql = sql!("UPDATE tenant_setting SET changed_at = changed_at WHERE tenant_id = $1");
    match tx.run(sql, &[]).await? {
        1 => Ok(()),
        // Without the row there would be no queue, and the decision could be wrong without anybody noticing.
        _ => Err(StoreError::Unreadable { column: "tenant_setting".into(), why: "there is no row".into() }),
    }
}

impl Identity {
    /// A write that waits for its turn in the tenant. Afterwards this node asks anew what it knew about the
    /// tenant's people: the feed says so to every node, and this one need not wait to hear it.
    pub(crate) async fn in_turn<A: TenantAction + Writes, T, E: From<StoreError> + Fault>(
        &self,
        permit: &Permit<A>,
        work: impl AsyncFnOnce(&mut TenantWrite) -> Result<T, E>,
    ) -> Result<T, E> {
        let done = self.store.write(permit, async |tx| {
            take(tx).await?;
            work(tx).await
        });
        let done = done.await?;
        self.forget(permit.tenant_id());
        Ok(done)
    }
}
