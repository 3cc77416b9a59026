//! Scopes on the wire.

use super::{Scope, put, read};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/scopes", show)
        .says("Lists what API keys may be good for.")
        .answers::<Scopes>(200)
        .put("/v1/platform/scopes", put_all)
        .says("Declares what API keys may be good for, in place of what was declared before.")
        .takes::<Scopes>()
        .answers::<Scopes>(200)
}

/// What API keys may be good for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scopes {
    /// All of them.
    scopes: Vec<Scope>,
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Scopes>, Problem> {
    Ok(Json(Scopes { scopes: read(&room.store, &permit).await? }))
}

async fn put_all(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(Scopes { scopes }): Json<Scopes>,
) -> Result<Json<Scopes>, Problem> {
    Ok(Json(Scopes { scopes: put(&room.store, &permit, scopes).await? }))
}
