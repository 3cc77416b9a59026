//! Hostnames on the wire.

use super::{add, list, remove};
use crate::Control;
use access::{ChangeTenant, ReadTenants};
use axum::{extract::State, http::StatusCode};
use domain::{Hostname, TenantId};
use serde::Serialize;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/tenants/{id}/hostnames", list_all)
        .says("Lists a tenant's own hostnames.")
        .answers::<Listing<OwnHostname>>(200)
        .put("/v1/platform/tenants/{id}/hostnames/{host}", put)
        .says("Gives a tenant a hostname. Giving it once more changes nothing.")
        .answers_empty(204)
        .delete("/v1/platform/tenants/{id}/hostnames/{host}", delete)
        .says("Takes a hostname from a tenant; it rests before others may have it.")
        .answers_empty(204)
}

/// A tenant's own hostname.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnHostname {
    /// The name.
    host: String,
    /// Since when the tenant has it.
    since: String,
}

impl From<super::OwnHostname> for OwnHostname {
    fn from(own: super::OwnHostname) -> Self {
        OwnHostname { host: own.host.to_string(), since: own.since.to_string() }
    }
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
) -> Result<Json<Listing<OwnHostname>>, Problem> {
    let items = list(&room.store, &permit, id).await?;
    Ok(Json(Listing { items: items.into_iter().map(OwnHostname::from).collect(), next: None }))
}

async fn put(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path((id, host)): Path<(TenantId, String)>,
) -> Result<StatusCode, Problem> {
    let host: Hostname = host
        .parse()
        .map_err(|why: domain::NameError| Problem::new("input.invalid").at("/host", why.to_string()))?;
    add(&room.store, &permit, id, &host, &room.reserved).await?;
    room.hear_tenant(id).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path((id, host)): Path<(TenantId, Hostname)>,
) -> Result<StatusCode, Problem> {
    remove(&room.store, &permit, id, &host, &room.terms).await?;
    room.hear_tenant(id).await;
    Ok(StatusCode::NO_CONTENT)
}
