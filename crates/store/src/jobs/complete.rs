//! Keeping a lease, and giving it back with the work done.

use crate::{Sql, Store, StoreError, TenantWrite, sql, values};
use access::{ClaimedJob, Permit, RunJob};

/// Finds the job only under the lease that the fencing number belongs to.
const DONE: Sql =
    sql!("DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND standing = 'leased'");

impl TenantWrite {
    /// Marks a job as done in the same write as its work, which lands only if the lease is still held.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if somebody else has leased the job since.
    pub async fn complete(&mut self, job: &ClaimedJob) -> Result<(), StoreError> {
        let done = self.run(DONE, values![job.id, job.fence]).await?;
        if done == 1 { Ok(()) } else { Err(StoreError::LeaseLost(job.id)) }
    }
}

impl Store {
    /// Marks a job as done whose work was done elsewhere.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if somebody else has leased the job since.
    pub async fn complete_job(&self, permit: &Permit<RunJob>, job: &ClaimedJob) -> Result<(), StoreError> {
        self.write(permit, async |tx| tx.complete(job).await).await
    }

    /// Makes a lease last from now on as long as a fresh one.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if somebody else has leased the job since: stop working on it.
    pub async fn renew_job(&self, permit: &Permit<RunJob>, job: &ClaimedJob) -> Result<(), StoreError> {
        let renew = sql!(
            "UPDATE job SET run_at = $4 WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND standing = 'leased'"
        );
        let lease = self.jobs.lease;
        self.write(permit, async |tx| {
            let renewed = tx.run(renew, values![job.id, job.fence, tx.now() + lease]).await?;
            if renewed == 1 { Ok(()) } else { Err(StoreError::LeaseLost(job.id)) }
        })
        .await
    }
}
