//! Maintenance on the wire, and the two forms on the page of a tenant's settings.

use super::{MaintenanceError, Span, set};
use crate::{Control, landing::land};
use access::{ChangeSettings, Permit};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use web::{Allow, Form, Json, Problem, Routes, Surface};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .put("/v1/tenants/{tenant}/maintenance", put)
        .says("Puts the tenant's application into maintenance, now or later, until an end.")
        .takes::<Maintenance>()
        .answers_empty(204)
        .delete("/v1/tenants/{tenant}/maintenance", delete)
        .says("Ends maintenance, at once.")
        .answers_empty(204)
}

pub(crate) fn console() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .post("/t/{tenant}/maintenance", post)
        .says("Puts the tenant's application into maintenance, or ends it.")
}

/// When the application is being worked on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Maintenance {
    /// In how many seconds it begins; at once if nothing is said.
    #[serde(default)]
    begins_in_seconds: u64,
    /// How many seconds it takes at most: up to seven days.
    seconds: u64,
}

async fn begin(
    room: &Control,
    permit: &Permit<ChangeSettings>,
    begins_in: u64,
    seconds: u64,
) -> Result<(), MaintenanceError> {
    let most = super::LONGEST.as_secs() + 1;
    let from = room.web.clock.now() + Duration::from_secs(begins_in.min(most));
    let until = from + Duration::from_secs(seconds.min(most));
    set(&room.store, permit, Some(Span { from, until })).await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(())
}

async fn put(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    Json(body): Json<Maintenance>,
) -> Result<StatusCode, Problem> {
    begin(&room, &permit, body.begins_in_seconds, body.seconds).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
) -> Result<StatusCode, Problem> {
    set(&room.store, &permit, None).await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// For how long; empty ends it.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Sent {
    minutes: String,
}

async fn post(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let page = format!("/t/{}/settings", permit.tenant_id());
    if sent.minutes.trim().is_empty() {
        set(&room.store, &permit, None).await?;
        room.hear_tenant(permit.tenant_id()).await;
        return Ok(land(&page, "maintenance-ended"));
    }
    let minutes: u64 = sent.minutes.trim().parse().map_err(|_| MaintenanceError::Span)?;
    begin(&room, &permit, 0, minutes.saturating_mul(60)).await?;
    Ok(land(&page, "maintenance-begun"))
}
