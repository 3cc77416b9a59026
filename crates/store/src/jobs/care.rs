//! What operators do about jobs: they see how jobs stand over all tenants, and revive or drop those that are
//! dead. What a job was given is never shown: it may hold what only the tenant and the worker should know.

use super::NOTHING;
use crate::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};
use domain::{Cursor, JobId, Moment, Page, TenantId};

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// The job.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The lane that it waits in.
    pub class: String,
    /// What it does.
    pub kind: String,
    /// `waiting`, `leased` or `dead`.
    pub standing: String,
    /// When it may be taken next; never, for one that is dead.
    pub run_at: Option<Moment>,
    /// How often it was tried.
    pub tries: i64,
    /// Why it failed the last time, in words; empty if it never has.
    pub failure: String,
}

impl FromRow for JobFacts {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let standing = row.text("standing")?;
        let run_at = row.moment("run_at")?;
        Ok(JobFacts {
            id: row.parse("id")?,
            tenant: row.parse("tenant_id")?,
            class: row.text("class")?,
            kind: row.text("kind")?,
            run_at: (standing != "dead").then_some(run_at),
            standing,
            tries: row.int("tries")?,
            failure: row.text("failure")?,
        })
    }
}

impl JobFacts {
    /// Where a list goes on after this job.
    fn place(&self) -> String {
        format!("{}/{}", self.tenant, self.id)
    }
}

impl OperatorRead {
    /// Jobs after the cursor, tenant by tenant, the oldest first; only those that are dead, or all of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn jobs(
        &mut self,
        only_dead: bool,
        tenant: Option<TenantId>,
        cursor: &Cursor,
    ) -> Result<Page<JobFacts>, StoreError> {
        let dead = operator_sql!(
            "SELECT tenant_id, id, class, kind, standing, run_at, tries, failure FROM job
             WHERE standing = 'dead' AND tenant_id >= $1 AND (tenant_id > $1 OR id > $2)
               AND ($3 = '' OR tenant_id = $3) ORDER BY tenant_id, id LIMIT $4"
        );
        let all = operator_sql!(
            "SELECT tenant_id, id, class, kind, standing, run_at, tries, failure FROM job
             WHERE tenant_id >= $1 AND (tenant_id > $1 OR id > $2)
               AND ($3 = '' OR tenant_id = $3) ORDER BY tenant_id, id LIMIT $4"
        );
        let only = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let (after, id) = cursor.after.split_once('/').unwrap_or((only.as_str(), ""));
        let values = values![after, id, &only, cursor.limit + 1];
        let rows = self.rows(if only_dead { dead } else { all }, values).await?;
        Ok(Page::cut(rows, cursor, JobFacts::place))
    }

    /// A job that is dead.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dead_job(&mut self, id: JobId) -> Result<Option<JobFacts>, StoreError> {
        let find = operator_sql!(
            "SELECT tenant_id, id, class, kind, standing, run_at, tries, failure FROM job
             WHERE standing = 'dead' AND id = $1"
        );
        self.row(find, values![id]).await
    }

    /// How many jobs are dead, of all tenants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dead_jobs(&mut self) -> Result<i64, StoreError> {
        self.number(operator_sql!("SELECT COUNT(*) AS n FROM job WHERE standing = 'dead'"), &[]).await
    }
}

impl OperatorWrite {
    /// Lets a dead job be tried again from now on, as often as a fresh one; gives whether it was dead. Whoever
    /// still holds an earlier lease holds nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revive_job(&mut self, job: &JobFacts) -> Result<bool, StoreError> {
        let revive = operator_sql!(
            "UPDATE job SET standing = 'waiting', run_at = $3, tries = 0, fence = fence + 1
             WHERE tenant_id = $1 AND id = $2 AND standing = 'dead'"
        );
        let lane = operator_sql!(
            "UPDATE lane SET next_at = $3 WHERE tenant_id = $1 AND class = $2 AND next_at > $3"
        );
        let now = self.now();
        debug_assert!(now.micros() < NOTHING, "no lane rests because of it");
        let revived = self.run(revive, values![job.tenant, job.id, now]).await?;
        self.run(lane, values![job.tenant, &job.class, now]).await?;
        self.has_news();
        Ok(revived == 1)
    }

    /// Removes a dead job, whose work is then never done; gives whether it was dead.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_job(&mut self, job: &JobFacts) -> Result<bool, StoreError> {
        let remove = operator_sql!("DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND standing = 'dead'");
        Ok(self.run(remove, values![job.tenant, job.id]).await? == 1)
    }
}
