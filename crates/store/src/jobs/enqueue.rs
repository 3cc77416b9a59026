//! Putting jobs into their lanes.

use super::NOTHING;
use crate::{StoreError, TenantWrite, sql, values};
use domain::{JobId, Moment};

impl TenantWrite {
    /// Queues a job in this tenant's lane of `class`, to run when this write has landed and `run_at` has come.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enqueue(
        &mut self,
        class: &str,
        kind: &str,
        body: &str,
        run_at: Moment,
    ) -> Result<JobId, StoreError> {
        let id: JobId = self.new_id();
        let insert = sql!(
            "INSERT INTO job (tenant_id, id, class, kind, body, standing, run_at, tries, fence, failure)
             VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, 0, '')"
        );
        self.run(insert, values![id, class, kind, body, run_at]).await?;
        let earliest = self.lanes.entry(class.to_owned()).or_insert(run_at);
        *earliest = run_at.min(*earliest);
        Ok(id)
    }
}

/// Tells the lanes when the jobs that this write put into them may run. In order of class, so that two
/// writes never wait for each other in a circle.
pub(crate) async fn open_lanes(tx: &mut TenantWrite) -> Result<(), StoreError> {
    for (class, run_at) in std::mem::take(&mut tx.lanes) {
        let run_at = run_at.min(Moment::from_micros(NOTHING - 1));
        let lane = sql!(
            "INSERT INTO lane (tenant_id, class, next_at, turn, credit) VALUES ($1, $2, $3, 0, 0)
             ON CONFLICT (tenant_id, class) DO UPDATE SET next_at = CASE WHEN lane.next_at < excluded.next_at
             THEN lane.next_at ELSE excluded.next_at END"
        );
        tx.run(lane, values![class, run_at]).await?;
    }
    Ok(())
}
