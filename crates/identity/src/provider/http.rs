//! Providers on the wire.

use super::{Ownership, create, list, read, share, shares, take_back};
use crate::{Identity, asked::Asked};
use access::{ManageConnection, ReadConnection, ShareProvider};
use axum::{extract::State, http::StatusCode};
use domain::{DisplayName, ProviderId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Paging, Path, Problem, Query, Routes, limit::Limited};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/providers", list_all)
        .says("Lists the providers that the tenant can connect to: its own, and those that others share with it.")
        .answers::<Listing<Provider>>(200)
        .post("/v1/tenants/{tenant}/providers", add)
        .says("Adds a provider of the tenant's own. Its issuer is asked for its metadata and keys first.")
        .takes::<NewProvider>()
        .answers::<Provider>(201)
        .get("/v1/tenants/{tenant}/providers/{provider}", show)
        .says("Shows one provider that the tenant can connect to.")
        .answers::<Provider>(200)
        .get("/v1/tenants/{tenant}/providers/{provider}/shares", list_shares)
        .says("Lists the tenants that one of the tenant's own providers is shared with.")
        .asks::<Paging>()
        .answers::<Listing<Share>>(200)
        .put("/v1/tenants/{tenant}/providers/{provider}/shares/{other}", put_share)
        .says("Shares one of the tenant's own providers with another tenant.")
        .answers_empty(204)
        .delete("/v1/tenants/{tenant}/providers/{provider}/shares/{other}", delete_share)
        .says("Takes a share back. The other tenant's connections to the provider stop working.")
        .answers_empty(204)
}

/// An issuer with its keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Provider {
    /// Its id.
    id: String,
    /// Its name for people.
    name: String,
    /// What it speaks: `oidc`.
    kind: &'static str,
    /// Its issuer, letter for letter.
    issuer: String,
    /// `us`, or `another` tenant, which shares it.
    owner: &'static str,
    /// With how many tenants it is shared; null for another tenant's.
    shares: Option<i64>,
    /// Since when it is here; null for another tenant's.
    created_at: Option<String>,
}

impl From<super::Provider> for Provider {
    fn from(provider: super::Provider) -> Self {
        let (owner, shares, since) = match provider.ownership {
            Ownership::Own { shares, since } => ("us", Some(shares), Some(since)),
            Ownership::Shared => ("another", None, None),
        };
        Provider {
            id: provider.id.to_string(),
            name: provider.name.to_string(),
            kind: provider.kind.name(),
            issuer: provider.issuer,
            owner,
            shares,
            created_at: since.map(|since| since.to_string()),
        }
    }
}

/// A provider that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProvider {
    /// Its issuer, letter for letter as it stands in its metadata.
    issuer: String,
    /// Its name for people; the issuer's host where nothing is said.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
}

/// Another tenant that may connect to a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct Share {
    /// The other tenant's id.
    tenant: String,
    /// Since when.
    created_at: String,
}

impl From<super::Share> for Share {
    fn from(share: super::Share) -> Self {
        Share { tenant: share.with.to_string(), created_at: share.since.to_string() }
    }
}

async fn list_all(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
) -> Result<Json<Listing<Provider>>, Problem> {
    let items = list(&room.store, &permit).await?.into_iter().map(Provider::from).collect();
    Ok(Json(Listing { items, next: None }))
}

async fn add(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    asked: Asked,
    Json(new): Json<NewProvider>,
) -> Result<(StatusCode, Json<Provider>), Problem> {
    asked.count(&room, Limited::Outgoing, Some(permit.tenant_id()))?;
    let provider = create(&room, &permit, &new.issuer, new.name).await?;
    Ok((StatusCode::CREATED, Json(provider.into())))
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ProviderId)>,
) -> Result<Json<Provider>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn list_shares(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ProviderId)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<Share>>, Problem> {
    Ok(Json(shares(&room.store, &permit, id, &paging.into()).await?.into()))
}

async fn put_share(
    Allow(permit): Allow<ShareProvider>,
    State(room): State<Identity>,
    Path((_, id, other)): Path<(TenantId, ProviderId, TenantId)>,
) -> Result<StatusCode, Problem> {
    share(&room, &permit, id, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_share(
    Allow(permit): Allow<ShareProvider>,
    State(room): State<Identity>,
    Path((_, id, other)): Path<(TenantId, ProviderId, TenantId)>,
) -> Result<StatusCode, Problem> {
    take_back(&room, &permit, id, other).await?;
    Ok(StatusCode::NO_CONTENT)
}
