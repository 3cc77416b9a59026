//! The operator's page of background jobs.

use super::{
    JobFacts,
    http::{JobQuery, named},
    list, remove, retry,
};
use crate::{
    Control,
    form::address,
    landing::{land, tell},
    words::abbreviated,
};
use access::{ManageJobs, ReadJobs};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column},
};

const PATH: &str = "/platform/jobs";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("Background jobs of all tenants, those that are dead first of all.")
        .post("/platform/jobs/retry", post_retry)
        .says("Lets a dead job be tried again.")
        .post("/platform/jobs/drop", post_drop)
        .says("Drops a dead job.")
}

/// What the page is asked with. Without a word it shows what somebody has to do something about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobsQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    standing: String,
    #[serde(default)]
    tenant: String,
}

impl JobsQuery {
    fn asks(&self) -> JobQuery {
        let standing = if self.standing == "all" { "" } else { "dead" }.to_owned();
        JobQuery { after: self.after.clone(), limit: None, standing, tenant: self.tenant.clone() }
    }

    fn at(&self, after: &str) -> String {
        address(PATH, &[("standing", &self.standing), ("tenant", &self.tenant), ("after", after)])
    }
}

struct Line {
    id: String,
    short: String,
    kind: String,
    class: String,
    tenant: String,
    tenant_short: String,
    path: String,
    is_dead: bool,
    tone: &'static str,
    standing: String,
    tries: i64,
    run_at: Option<At>,
    failure: String,
}

impl Line {
    fn of(job: JobFacts) -> Self {
        let is_dead = job.standing == "dead";
        let (id, tenant) = (job.id.to_string(), job.tenant.to_string());
        Line {
            short: abbreviated(&id),
            id,
            kind: job.kind,
            class: job.class,
            tenant_short: abbreviated(&tenant),
            path: format!("/platform/tenants/{tenant}"),
            tenant,
            is_dead,
            tone: if is_dead { "bad" } else { "mute" },
            standing: job.standing,
            tries: job.tries,
            run_at: job.run_at.map(At::from),
            failure: job.failure,
        }
    }
}

#[derive(Template)]
#[template(path = "job/list.html")]
struct JobsPage {
    frame: Frame,
    path: &'static str,
    query: JobsQuery,
    standings: Vec<Choice>,
    columns: Vec<Column>,
    lines: Vec<Line>,
    shown: String,
    first: String,
    next: String,
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadJobs>,
    State(room): State<Control>,
    Query(query): Query<JobsQuery>,
    frame: Frame,
) -> Result<Page<JobsPage>, Problem> {
    let (which, cursor) = query.asks().read()?;
    let found = list(&room.store, &permit, which, &cursor).await?;
    let standings = [("dead", "Dead"), ("all", "All")];
    Ok(Page::new(JobsPage {
        frame: tell(&query.done, frame).title("Jobs").describe(
            "Work in the background. A job that failed too often is dead, and waits here for somebody.",
        ),
        path: PATH,
        standings: standings
            .map(|(value, label)| Choice::new(value, label, (query.standing == "all") == (value == "all")))
            .into(),
        columns: vec![
            Column::new("Job"),
            Column::new("Tenant"),
            Column::new("Standing"),
            Column::new("Last failure"),
            Column::new("What to do").of("acts"),
        ],
        shown: format!("{} shown", found.items.len()),
        first: if query.after.is_empty() { String::new() } else { query.at("") },
        next: found.next.as_deref().map(|after| query.at(after)).unwrap_or_default(),
        lines: found.items.into_iter().map(Line::of).collect(),
        query,
    }))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    job: String,
}

async fn post_retry(
    AllowOperator(permit): AllowOperator<ManageJobs>,
    State(room): State<Control>,
    Form(sent): Form<Chosen>,
) -> Result<Response, Problem> {
    retry(&room.store, &permit, named(&sent.job)?).await?;
    Ok(land(PATH, "job-revived"))
}

async fn post_drop(
    AllowOperator(permit): AllowOperator<ManageJobs>,
    State(room): State<Control>,
    Form(sent): Form<Chosen>,
) -> Result<Response, Problem> {
    remove(&room.store, &permit, named(&sent.job)?).await?;
    Ok(land(PATH, "job-dropped"))
}
