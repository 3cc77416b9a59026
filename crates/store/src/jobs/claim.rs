//! Leasing the next job, fairly among the tenants that wait.

use super::NOTHING;
use crate::{FromRow, OperatorWrite, Row, Store, StoreError, operator_sql, values};
use access::ClaimedJob;
use domain::{JobId, Limit, Limits, Moment, TenantId};

/// Lanes that turn out to be empty are put to rest on the way; at most so many in one claim.
const MOST_LANES: usize = 32;

impl Store {
    /// Leases the next job of `class`.
    pub(crate) async fn claim_job(&self, class: &'static str) -> Result<Option<ClaimedJob>, StoreError> {
        if !self.has_ready_lane(class).await? {
            return Ok(None);
        }
        let mut write = self.begin_operate().await?;
        let claimed = self.claim_within(&mut write, class).await?;
        write.commit().await?;
        Ok(claimed)
    }

    /// Asked without taking the one writer's place, because most of the time there is nothing to do.
    async fn has_ready_lane(&self, class: &'static str) -> Result<bool, StoreError> {
        let mut read = self.begin_survey().await?;
        let ready = operator_sql!(
            "SELECT tenant_id, credit FROM lane WHERE class = $1 AND next_at <= $2 AND next_at < 9223372036854775807
             LIMIT 1"
        );
        let found: Option<Lane> = read.row(ready, values![class, read.now()]).await?;
        read.close().await;
        Ok(found.is_some())
    }

    async fn claim_within(
        &self,
        tx: &mut OperatorWrite,
        class: &'static str,
    ) -> Result<Option<ClaimedJob>, StoreError> {
        let next = operator_sql!(
            "SELECT tenant_id, credit FROM lane WHERE class = $1 AND next_at <= $2 AND next_at < 9223372036854775807
             ORDER BY turn, tenant_id LIMIT 1"
        );
        for _ in 0..MOST_LANES {
            let Some(lane) = tx.row_to_change::<Lane>(next, values![class, tx.now()]).await? else {
                return Ok(None);
            };
            let job = self.lease_from(tx, lane.tenant, class).await?;
            let credit = if lane.credit > 0 { lane.credit } else { weight(tx, lane.tenant).await? };
            // A lane that has nothing more to give loses what is left of its turn.
            let left = if job.is_some() { credit - 1 } else { 0 };
            close_turn(tx, lane.tenant, class, left).await?;
            if job.is_some() {
                return Ok(job);
            }
        }
        Ok(None)
    }

    async fn lease_from(
        &self,
        tx: &mut OperatorWrite,
        tenant: TenantId,
        class: &'static str,
    ) -> Result<Option<ClaimedJob>, StoreError> {
        let ready = operator_sql!(
            "SELECT tenant_id, id, kind, body, fence, tries FROM job
             WHERE tenant_id = $1 AND class = $2 AND standing <> 'dead' AND run_at <= $3
             ORDER BY run_at, id LIMIT 1"
        );
        loop {
            let Some(Job(mut job)) = tx.row_to_change(ready, values![tenant, class, tx.now()]).await? else {
                return Ok(None);
            };
            if job.tries >= i64::from(self.jobs.tries) {
                // Every lease ended unheard, the last one too: it may be the job that kills its node.
                bury(tx, tenant, job.id).await?;
                continue;
            }
            (job.fence, job.tries) = (job.fence + 1, job.tries + 1);
            let lease = operator_sql!(
                "UPDATE job SET standing = 'leased', fence = $3, tries = $4, run_at = $5 WHERE tenant_id = $1 AND id = $2"
            );
            let until = tx.now() + self.jobs.lease;
            tx.run(lease, values![tenant, job.id, job.fence, job.tries, until]).await?;
            return Ok(Some(job));
        }
    }
}

async fn bury(tx: &mut OperatorWrite, tenant: TenantId, job: JobId) -> Result<(), StoreError> {
    tracing::error!(%tenant, %job, "job {job} of tenant {tenant} is dead: its leases ended unheard");
    let bury = operator_sql!(
        "UPDATE job SET standing = 'dead', fence = fence + 1, failure = 'its leases ended and nothing was heard'
         WHERE tenant_id = $1 AND id = $2"
    );
    tx.run(bury, values![tenant, job]).await.map(drop)
}

/// Notes when the lane's next job may run, and puts the lane at the end once its credit is used.
async fn close_turn(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    class: &'static str,
    credit: i64,
) -> Result<(), StoreError> {
    let next: Option<Next> = tx
        .row(
            operator_sql!(
                "SELECT run_at FROM job WHERE tenant_id = $1 AND class = $2 AND standing <> 'dead'
                 ORDER BY run_at LIMIT 1"
            ),
            values![tenant, class],
        )
        .await?;
    let next = next.map_or(NOTHING, |next| next.0.micros());
    let note = operator_sql!("UPDATE lane SET next_at = $3, credit = $4 WHERE tenant_id = $1 AND class = $2");
    tx.run(note, values![tenant, class, next, credit]).await?;
    if credit == 0 {
        // Whoever was served last is last. Later than its own last turn even if the clock stands still.
        let to_the_end = operator_sql!(
            "UPDATE lane SET turn = CASE WHEN turn < $3 THEN $3 ELSE turn + 1 END WHERE tenant_id = $1 AND class = $2"
        );
        tx.run(to_the_end, values![tenant, class, tx.now()]).await?;
    }
    Ok(())
}

/// How many jobs the tenant's plan gives it in a turn.
async fn weight(tx: &mut OperatorWrite, tenant: TenantId) -> Result<i64, StoreError> {
    let plan = operator_sql!("SELECT p.body FROM tenant t JOIN plan p ON p.id = t.plan_id WHERE t.id = $1");
    let limits: Option<Plan> = tx.row(plan, values![tenant]).await?;
    let weight = limits.map_or(1, |plan| plan.0.of(Limit::JobWeight));
    Ok(i64::try_from(weight).unwrap_or(i64::MAX).max(1))
}

struct Lane {
    tenant: TenantId,
    credit: i64,
}
impl FromRow for Lane {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Lane { tenant: row.parse("tenant_id")?, credit: row.int("credit")? })
    }
}

struct Next(Moment);
impl FromRow for Next {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.moment("run_at").map(Next)
    }
}

struct Plan(Limits);
impl FromRow for Plan {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.json("body").map(Plan)
    }
}

struct Job(ClaimedJob);
impl FromRow for Job {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Job(ClaimedJob {
            id: row.parse("id")?,
            tenant: row.parse("tenant_id")?,
            kind: row.text("kind")?,
            body: row.text("body")?,
            fence: row.int("fence")?,
            tries: row.int("tries")?,
        }))
    }
}
