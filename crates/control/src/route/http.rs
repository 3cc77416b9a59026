//! The gateway's routes on the wire.

use super::{RouteError, put, read};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
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
