//! Jobs on the wire.

use super::{JobFacts, Which, list, remove, retry};
use crate::Control;
use access::{ManageJobs, ReadJobs};
use axum::{extract::State, http::StatusCode};
use domain::{Cursor, JobId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{AllowOperator, Json, Listing, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/jobs", list_some)
        .says("Lists background jobs of all tenants, tenant by tenant; never what they were given.")
        .asks::<JobQuery>()
        .answers::<Listing<Job>>(200)
        .post("/v1/platform/jobs/{job}/retry", post_retry)
        .says("Lets a dead job be tried again, as often as a fresh one. Both audit trails say so.")
        .answers::<Job>(200)
        .delete("/v1/platform/jobs/{job}", delete)
        .says("Drops a dead job, whose work is then never done. Both audit trails say so.")
        .answers_empty(204)
}

/// What narrows the list, and where it goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    pub(super) after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    pub(super) limit: Option<u32>,
    /// `dead` for those that nobody tries any more; all where nothing is said.
    #[serde(default)]
    pub(super) standing: String,
    /// Only this tenant's.
    #[serde(default)]
    pub(super) tenant: String,
}

impl JobQuery {
    /// What it says. A filter that is empty narrows nothing, because a form sends it so.
    pub(super) fn read(&self) -> Result<(Which, Cursor), Problem> {
        let wrong = |field: &str, words: &str| Problem::new("input.invalid").at(field, words);
        let only_dead = match self.standing.as_str() {
            "" => false,
            "dead" => true,
            _ => return Err(wrong("/standing", "say `dead`, or nothing for all")),
        };
        let tenant = match self.tenant.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| wrong("/tenant", "a tenant is named by its id, tnt_…"))?),
        };
        Ok((Which { only_dead, tenant }, Cursor::new(self.after.clone(), self.limit)))
    }
}

/// A background job.
#[derive(Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    id: String,
    /// Whose it is.
    tenant: String,
    /// The lane that it waits in.
    class: String,
    /// What it does.
    kind: String,
    /// `waiting`, `leased` or `dead`.
    standing: String,
    /// When it may be taken next; null for one that is dead.
    run_at: Option<String>,
    /// How often it was tried.
    tries: i64,
    /// Why it failed the last time, in words.
    failure: String,
}

impl From<JobFacts> for Job {
    fn from(job: JobFacts) -> Self {
        Job {
            id: job.id.to_string(),
            tenant: job.tenant.to_string(),
            class: job.class,
            kind: job.kind,
            standing: job.standing,
            run_at: job.run_at.map(|at| at.to_string()),
            tries: job.tries,
            failure: job.failure,
        }
    }
}

async fn list_some(
    AllowOperator(permit): AllowOperator<ReadJobs>,
    State(room): State<Control>,
    Query(query): Query<JobQuery>,
) -> Result<Json<Listing<Job>>, Problem> {
    let (which, cursor) = query.read()?;
    Ok(Json(list(&room.store, &permit, which, &cursor).await?.into()))
}

async fn post_retry(
    AllowOperator(permit): AllowOperator<ManageJobs>,
    State(room): State<Control>,
    Path(job): Path<String>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(retry(&room.store, &permit, named(&job)?).await?.into()))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ManageJobs>,
    State(room): State<Control>,
    Path(job): Path<String>,
) -> Result<StatusCode, Problem> {
    remove(&room.store, &permit, named(&job)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no id names nothing.
pub(super) fn named(text: &str) -> Result<JobId, Problem> {
    text.parse().map_err(|_| Problem::new("item.unknown"))
}
