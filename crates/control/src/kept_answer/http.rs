//! Forgetting answers, on the wire.

use super::purge;
use crate::Control;
use access::ChangePlatformSettings;
use axum::{extract::State, http::StatusCode};
use domain::{TenantId, event::names};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .post("/v1/platform/kept-answers/purge", post)
        .says(
            "Forgets the answers that gateways keep, of one tenant or of all, on every node within seconds.",
        )
        .takes::<Purge>()
        .answers_empty(204)
}

/// Whose answers to forget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purge {
    /// The tenant's id; everybody's if it is left out.
    #[schema(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(body): Json<Purge>,
) -> Result<StatusCode, Problem> {
    purge(&room.store, &permit, body.tenant).await?;
    match body.tenant {
        Some(tenant) => room.hear_tenant(tenant).await,
        None => room.hear_platform(names::DEPLOYMENT_CHANGED).await,
    }
    Ok(StatusCode::NO_CONTENT)
}
