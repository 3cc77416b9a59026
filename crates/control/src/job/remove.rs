//! A dead job is dropped: its work is never done.

use super::{JobError, told};
use access::{ManageJobs, OperatorPermit};
use domain::{Change, JobId};
use serde_json::Value;
use store::Store;

/// Drops a dead job.
///
/// # Errors
/// [`JobError::NotDead`] for one that is not there or not dead.
pub async fn remove(store: &Store, permit: &OperatorPermit<ManageJobs>, id: JobId) -> Result<(), JobError> {
    store
        .operate(permit, async |tx| {
            let dead = tx.dead_job(id).await?.ok_or(JobError::NotDead)?;
            if !tx.drop_job(&dead).await? {
                return Err(JobError::NotDead);
            }
            tx.changed_tenant(dead.tenant, Change::new(id, told(&dead), Value::Null));
            Ok(())
        })
        .await
}
