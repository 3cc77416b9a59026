//! Resting names on the wire.

use super::{Name, list, release};
use crate::Control;
use access::{ChangeTenant, ReadTenants};
use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Paging, Path, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/resting-names", list_some)
        .says("Lists slugs and hostnames that were given back and rest.")
        .asks::<Paging>()
        .answers::<Listing<RestingName>>(200)
        .delete("/v1/platform/resting-names/{name}", delete)
        .says("Releases a name before its time, so that anybody may have it. Both audit trails say so.")
        .answers_empty(204)
}

/// A name that rests.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestingName {
    /// `slug:` and a slug, or `host:` and a hostname.
    name: String,
    /// The tenant that gave it back, and may take it back.
    tenant: String,
    /// Until when it rests.
    until: String,
}

impl From<super::RestingName> for RestingName {
    fn from(resting: super::RestingName) -> Self {
        RestingName {
            name: resting.name.to_string(),
            tenant: resting.tenant.to_string(),
            until: resting.until.to_string(),
        }
    }
}

async fn list_some(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<RestingName>>, Problem> {
    Ok(Json(list(&room.store, &permit, &paging.into()).await?.into()))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let name: Name = name.parse().map_err(|_| Problem::new("item.unknown"))?;
    release(&room.store, &permit, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
