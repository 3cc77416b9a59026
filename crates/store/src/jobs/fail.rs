//! Giving a lease back with the work not done.

use super::JobSettings;
use crate::{FromRow, Row, Store, StoreError, sql, values};
use access::{ClaimedJob, Permit, RunJob};
use domain::{Chance, Moment};
use std::time::Duration;

/// What becomes of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobFate {
    /// It is tried again at this time.
    Again(Moment),
    /// It was tried often enough.
    Dead,
}

/// What is kept of a failure's words.
const MOST_WORDS: usize = 500;

impl Store {
    /// Gives a job back that failed; `why` is kept with it. It is tried again later, each time after twice the
    /// wait and at no exact time, or is dead.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if somebody else has leased the job since.
    pub async fn fail_job(
        &self,
        permit: &Permit<RunJob>,
        job: &ClaimedJob,
        why: &str,
    ) -> Result<JobFate, StoreError> {
        let fate = match self.jobs {
            JobSettings { tries, .. } if job.tries >= i64::from(tries) => JobFate::Dead,
            settings => JobFate::Again(self.clock().now() + wait(settings, job.tries, self.chance())),
        };
        let (standing, run_at) = match fate {
            JobFate::Again(at) => ("waiting", at),
            JobFate::Dead => ("dead", Moment::NEVER),
        };
        let why: String = why.chars().take(MOST_WORDS).collect();
        let give_back = sql!(
            "UPDATE job SET standing = $4, run_at = $5, failure = $6
             WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND standing = 'leased' RETURNING class"
        );
        self.write(permit, async |tx| {
            let values = values![job.id, job.fence, standing, run_at, &why];
            let given: Option<Class> = tx.row(give_back, values).await?;
            let class = given.ok_or(StoreError::LeaseLost(job.id))?.0;
            // Its next try may come before the lane looks for the end of its lease.
            if let JobFate::Again(at) = fate {
                tx.lanes.insert(class, at);
            }
            Ok::<_, StoreError>(())
        })
        .await?;
        if fate == JobFate::Dead {
            tracing::error!(tenant = %job.tenant, job = %job.id, kind = %job.kind, %why,
                "job {} of tenant {} is dead: {why}", job.id, job.tenant);
        }
        Ok(fate)
    }
}

struct Class(String);
impl FromRow for Class {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.text("class").map(Class)
    }
}

/// Doubles with every try, up to the longest; between half of that and all of it.
fn wait(settings: JobSettings, tries: i64, chance: &Chance) -> Duration {
    let doublings = tries.saturating_sub(1).clamp(0, 30) as u32;
    let full = settings.first_wait.saturating_mul(1 << doublings).min(settings.longest_wait);
    let part = f64::from(u32::from_be_bytes(chance.bytes())) / f64::from(u32::MAX);
    full.mul_f64(0.5 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_are_never_exact() {
        let (settings, chance) = (JobSettings::default(), Chance::system());
        for (tries, full) in [(1, 5), (2, 10), (3, 20), (40, 3_600), (i64::MAX, 3_600)] {
            let full = Duration::from_secs(full);
            let waits: Vec<_> = (0..20).map(|_| wait(settings, tries, &chance)).collect();
            assert!(waits.iter().all(|wait| *wait >= full / 2 && *wait <= full), "{tries}: {waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }
}
