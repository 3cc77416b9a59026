//! Sign-in domains on the wire.

use super::{SignInDomain, bind, list, unbind};
use crate::Identity;
use access::{ManageConnection, ReadConnection};
use axum::{extract::State, http::StatusCode};
use domain::{ConnectionId, Hostname, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/sign-in-domains", list_all)
        .says("Lists the domains that the tenant has proved, and by which connection their people come.")
        .answers::<Listing<SignInDomainView>>(200)
        .put("/v1/tenants/{tenant}/sign-in-domains/{domain}", put)
        .says("Leads the people of a proved domain to a connection, and says whether they may come by no other.")
        .takes::<Binding>()
        .answers::<SignInDomainView>(200)
        .delete("/v1/tenants/{tenant}/sign-in-domains/{domain}", delete)
        .says("Lets the people of a domain come by any connection again.")
        .answers_empty(204)
}

/// A proved domain.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInDomain)]
pub(crate) struct SignInDomainView {
    /// The domain.
    domain: String,
    /// The connection by which its people come.
    connection: Option<String>,
    /// Whether they may come by no other.
    only: bool,
}

impl From<SignInDomain> for SignInDomainView {
    fn from(one: SignInDomain) -> Self {
        SignInDomainView {
            domain: one.domain.to_string(),
            only: one.way.as_ref().is_some_and(|way| way.is_only),
            connection: one.way.map(|way| way.connection.to_string()),
        }
    }
}

/// By which connection the people of a domain come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignInDomainBinding)]
pub(crate) struct Binding {
    /// The connection; it is in use.
    #[schema(value_type = String)]
    connection: ConnectionId,
    /// True if they may come by no other; sessions by others end.
    #[serde(default)]
    only: bool,
    /// True to lock oneself out.
    #[serde(default)]
    confirm: bool,
}

async fn list_all(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
) -> Result<Json<Listing<SignInDomainView>>, Problem> {
    let all = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: all.into_iter().map(SignInDomainView::from).collect(), next: None }))
}

async fn put(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, domain)): Path<(TenantId, Hostname)>,
    Json(Binding { connection, only, confirm }): Json<Binding>,
) -> Result<Json<SignInDomainView>, Problem> {
    Ok(Json(bind(&room, &permit, &domain, connection, only, confirm).await?.into()))
}

async fn delete(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, domain)): Path<(TenantId, Hostname)>,
) -> Result<StatusCode, Problem> {
    unbind(&room, &permit, &domain).await?;
    Ok(StatusCode::NO_CONTENT)
}
