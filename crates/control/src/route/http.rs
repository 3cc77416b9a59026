//! The gateway's routes on the wire.

use super::{Rehearsed, RouteError, SampleRequest, put, read, rehearse};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Problem, Routes};

/// The most bytes that a document of routes may have.
pub(super) const MOST: usize = 512 * 1024;

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/routes", show)
        .says("Shows the gateway's routes as they were last put.")
        .answers::<Routing>(200)
        .put("/v1/platform/routes", put_all)
        .says("Puts the gateway's routes, whole. If anything in them is wrong, all that is wrong is listed and those before go on.")
        .takes::<Document>()
        .answers::<Routing>(200)
        .post("/v1/platform/routes/test", test)
        .says("Says step by step why a request would be let through or not. Nothing is forwarded, counted or written.")
        .takes::<Sample>()
        .answers::<Verdict>(200)
}

/// A request to be played through.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SampleRequest)]
pub(crate) struct Sample {
    /// Its method.
    #[serde(default = "get")]
    method: String,
    /// Its whole address.
    url: String,
    /// Its header. A credential in it is read as of a real request.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Its body, as text.
    #[serde(default)]
    body: String,
    /// The client's IP address; this machine's own if it is left out.
    #[serde(default)]
    address: String,
    /// Routes to be tried; those in force if they are left out.
    #[serde(default)]
    #[schema(value_type = Object)]
    document: Option<Value>,
}

fn get() -> String {
    "GET".to_owned()
}

/// What would become of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// Whether it would reach a backend, or be answered as the operator wants.
    allowed: bool,
    /// In one sentence.
    verdict: String,
    /// The status of the gateway's own answer; null where a backend answers.
    status: Option<u16>,
    /// The problem's code, where there is one.
    code: Option<String>,
    /// The steps that it took.
    steps: Vec<VerdictStep>,
}

/// One step of a request's way.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictStep {
    /// What was asked.
    step: String,
    /// Whether it was passed.
    passed: bool,
    /// How, or why not.
    how: String,
}

impl From<Rehearsed> for Verdict {
    fn from(rehearsed: Rehearsed) -> Self {
        Verdict {
            allowed: rehearsed.status.is_none(),
            verdict: verdict(&rehearsed),
            status: rehearsed.status,
            code: rehearsed.code,
            steps: rehearsed
                .steps
                .into_iter()
                .map(|step| VerdictStep { step: step.step, passed: step.passed, how: step.how })
                .collect(),
        }
    }
}

/// What would become of it, in one sentence.
pub(super) fn verdict(rehearsed: &Rehearsed) -> String {
    match (rehearsed.status, &rehearsed.code) {
        (None, _) => "The request would be let through.".to_owned(),
        (Some(status), None) => format!("The request would be answered with {status}."),
        (Some(status), Some(code)) => format!("The request would be refused with {status} {code}."),
    }
}

/// A document of routes, in the gateway's words (`docs/gateway.md`).
#[derive(ToSchema)]
#[schema(value_type = Object)]
#[schema(as = RouteDocument)]
pub(crate) struct Document(#[expect(dead_code, reason = "it is a name for the description only")] Value);

/// The gateway's routes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Routing {
    /// The document; null as long as none was put.
    #[schema(value_type = Object)]
    document: Value,
    /// When it was put.
    changed_at: Option<String>,
}

impl From<super::Routing> for Routing {
    fn from(routing: super::Routing) -> Self {
        Routing { document: routing.document, changed_at: Some(routing.changed_at.to_string()) }
    }
}

/// Everything that is wrong with the document, one entry each.
pub(super) fn problem(error: RouteError) -> Problem {
    let faults = match &error {
        RouteError::Refused(faults) => faults.clone(),
        RouteError::Store(_) => Vec::new(),
    };
    faults.into_iter().fold(Problem::from(error), |problem, fault| problem.at("/document", fault))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Routing>, Problem> {
    let found = read(&room.store, &permit).await?;
    let none = Routing { document: Value::Null, changed_at: None };
    Ok(Json(found.map_or(none, Routing::from)))
}

async fn put_all(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(document): Json<Value, MOST>,
) -> Result<Json<Routing>, Problem> {
    let routing = put(&room.store, &permit, document, &room.check_routes).await.map_err(problem)?;
    Ok(Json(routing.into()))
}

async fn test(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Json(sample): Json<Sample, MOST>,
) -> Result<Json<Verdict>, Problem> {
    let Sample { method, url, headers, body, address, document } = sample;
    let headers = headers.into_iter().collect();
    let sample = SampleRequest { method, url, headers, body, address, document };
    let rehearsed = rehearse(&permit, &room.rehearse, sample).await.map_err(problem)?;
    Ok(Json(rehearsed.into()))
}
