//! A dead job is tried again.

use super::{JobError, JobFacts, told};
use access::{ManageJobs, OperatorPermit};
use domain::{Change, JobId};
use store::Store;

/// Lets a dead job be tried again, as often as a fresh one.
///
/// # Errors
/// [`JobError::NotDead`] for one that is not there or not dead.
pub async fn retry(
    store: &Store,
    permit: &OperatorPermit<ManageJobs>,
    id: JobId,
) -> Result<JobFacts, JobError> {
    store
        .operate(permit, async |tx| {
            let dead = tx.dead_job(id).await?.ok_or(JobError::NotDead)?;
            if !tx.revive_job(&dead).await? {
                return Err(JobError::NotDead);
            }
            let standing = "waiting".to_owned();
            let waiting = JobFacts { standing, tries: 0, run_at: Some(tx.now()), ..dead.clone() };
            tx.changed_tenant(dead.tenant, Change::new(id, told(&dead), told(&waiting)));
            Ok(waiting)
        })
        .await
}
