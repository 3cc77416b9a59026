//! Providers on the wire.

use super::{Ownership, Source, create, list, read, replace, share, shares, take_back};
use crate::{Identity, asked::Asked};
use access::{ManageConnection, ReadConnection, ShareProvider};
use axum::{extract::State, http::StatusCode};
use domain::{DisplayName, Moment, ProviderId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Listing, Paging, Path, Problem, Query, Routes, limit::Limited};

/// The most bytes of a request that may hold metadata.
pub(crate) const MOST_WITH_METADATA: usize = 1_200 * 1024;

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
        .put("/v1/tenants/{tenant}/providers/{provider}/metadata", put_metadata)
        .says("Gives a SAML provider other metadata of the same entity, or has it fetched anew.")
        .takes::<NewMetadata>()
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
    /// What it speaks: `oidc` or `saml`.
    kind: &'static str,
    /// Its issuer or entity id, letter for letter.
    issuer: String,
    /// Of SAML, what it published.
    published: Option<Published>,
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
            published: provider.published.map(Published::from),
            owner,
            shares,
            created_at: since.map(|since| since.to_string()),
        }
    }
}

/// What a SAML provider published.
#[derive(Serialize, ToSchema)]
pub(crate) struct Published {
    /// Where the browser is sent.
    sign_in: String,
    /// What its signatures are checked with.
    certificates: Vec<ProviderCertificate>,
    /// Where the metadata is fetched from; null where it was pasted, and for another tenant's.
    metadata_url: Option<String>,
    /// When it was last fetched or pasted; null for another tenant's.
    read_at: Option<String>,
    /// Why it could not be fetched the last time; null where it could.
    fault: Option<String>,
}

/// A provider's certificate.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderCertificate {
    /// Its SHA-256 in hexadecimal.
    fingerprint: String,
    /// Until when it is good.
    ends: String,
}

impl From<super::Published> for Published {
    fn from(published: super::Published) -> Self {
        let certificates = published.metadata.certificates.iter();
        Published {
            sign_in: published.metadata.sign_in.to_string(),
            certificates: certificates
                .map(|one| ProviderCertificate {
                    fingerprint: one.fingerprint(),
                    ends: one.ends().to_string(),
                })
                .collect(),
            metadata_url: (!published.url.is_empty()).then_some(published.url),
            read_at: (published.read_at != Moment::NEVER).then(|| published.read_at.to_string()),
            fault: (!published.fault.is_empty()).then_some(published.fault),
        }
    }
}

/// Other metadata for a SAML provider. Where nothing is given, it is fetched anew from where it was fetched before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMetadata {
    /// Where to fetch it.
    metadata_url: Option<String>,
    /// The metadata itself.
    metadata: Option<String>,
}

/// Which of the ways to say where a provider is found was taken; there must be exactly one.
pub(crate) fn source(
    issuer: Option<String>,
    metadata_url: Option<String>,
    metadata: Option<String>,
) -> Result<Option<Source>, Problem> {
    let mut given =
        [issuer.map(Source::Issuer), metadata_url.map(Source::MetadataUrl), metadata.map(Source::Metadata)]
            .into_iter()
            .flatten();
    match (given.next(), given.next()) {
        (source, None) => Ok(source),
        _ => {
            Err(Problem::new("input.invalid").at("/issuer", "Give one of issuer, metadata_url and metadata."))
        }
    }
}

/// A provider that is to be: by exactly one of `issuer`, `metadata_url` and `metadata`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProvider {
    /// For OpenID Connect: its issuer, letter for letter as it stands in its metadata.
    issuer: Option<String>,
    /// For SAML: where its metadata is fetched from.
    metadata_url: Option<String>,
    /// For SAML: its metadata itself.
    metadata: Option<String>,
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
    Json(new): Json<NewProvider, MOST_WITH_METADATA>,
) -> Result<(StatusCode, Json<Provider>), Problem> {
    asked.count(&room, Limited::Outgoing, Some(permit.tenant_id()))?;
    let source = source(new.issuer, new.metadata_url, new.metadata)?;
    let none = || Problem::new("input.invalid").at("/issuer", "Give the issuer, or SAML metadata.");
    let provider = create(&room, &permit, &source.ok_or_else(none)?, new.name).await?;
    Ok((StatusCode::CREATED, Json(provider.into())))
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ProviderId)>,
) -> Result<Json<Provider>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn put_metadata(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ProviderId)>,
    asked: Asked,
    Json(new): Json<NewMetadata, MOST_WITH_METADATA>,
) -> Result<Json<Provider>, Problem> {
    asked.count(&room, Limited::Outgoing, Some(permit.tenant_id()))?;
    let source = source(None, new.metadata_url, new.metadata)?;
    Ok(Json(replace(&room, &permit, id, source).await?.into()))
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
