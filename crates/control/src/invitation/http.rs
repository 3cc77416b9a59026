//! One-time links on the wire. The secret is in the answer that made it and in no other.

use super::renew;
use crate::Control;
use access::RenewInvitation;
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::TenantId;
use serde::Serialize;
use utoipa::ToSchema;
use web::{AllowOperator, Hosts, Json, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .post("/v1/platform/tenants/{id}/invitation", post)
        .says("Makes a new one-time link for a tenant that has no admin yet; the one before ends.")
        .answers::<Invitation>(201)
        .post("/v1/platform/bootstrap", bootstrap)
        .says("Makes a new one-time link for the first operator, as long as there was none; the one before ends.")
        .answers::<Invitation>(201)
}

/// A one-time link.
#[derive(Serialize, ToSchema)]
#[schema(as = OneTimeLink)]
pub(crate) struct Invitation {
    /// The link. It works once and is shown only now.
    pub(crate) link: String,
    /// When it ends.
    pub(crate) ends: String,
    /// The id of the connection that its holder will set up.
    pub(crate) connection: String,
    /// What its holder registers at their provider. It never changes.
    pub(crate) redirect_uri: String,
}

impl Invitation {
    pub(crate) fn of(made: &super::Invitation, hosts: &Hosts) -> Self {
        Invitation {
            link: made.link(hosts),
            ends: made.ends.to_string(),
            connection: made.connection.to_string(),
            redirect_uri: made.redirect_uri(hosts),
        }
    }
}

async fn post(
    AllowOperator(permit): AllowOperator<RenewInvitation>,
    State(room): State<Control>,
    Path(id): Path<TenantId>,
) -> Result<impl IntoResponse, Problem> {
    let made = renew(&room.store, &permit, id, &room.terms).await?;
    Ok((StatusCode::CREATED, Json(Invitation::of(&made, &room.web.hosts))))
}

async fn bootstrap(
    AllowOperator(permit): AllowOperator<RenewInvitation>,
    State(room): State<Control>,
) -> Result<impl IntoResponse, Problem> {
    let house = room.web.warden.house().ok_or(Problem::new("item.unknown"))?;
    let made = renew(&room.store, &permit, house.record.id, &room.terms).await?;
    Ok((StatusCode::CREATED, Json(Invitation::of(&made, &room.web.hosts))))
}
