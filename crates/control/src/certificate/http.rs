//! Certificates on the wire. A key goes in and never comes out.

use super::{put, remove};
use crate::Control;
use access::ManageDomains;
use axum::{extract::State, http::StatusCode};
use domain::{Hostname, Secret, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Allow, Json, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .put("/v1/tenants/{tenant}/domains/{host}/certificate", put_one)
        .says("Lays down the certificate that is shown for a domain of the tenant's, in place of the one before.")
        .takes::<Pair>()
        .answers::<Certificate>(200)
        .delete("/v1/tenants/{tenant}/domains/{host}/certificate", delete)
        .says("Forgets the certificate of a domain and its key.")
        .answers_empty(204)
}

/// A chain and its key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CertificatePair)]
pub(crate) struct Pair {
    /// The chain in PEM: the domain's own certificate first, then those of its issuers.
    chain: String,
    /// The key in PEM.
    key: String,
}

/// What is known of a certificate.
#[derive(Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// The domain.
    host: String,
    /// Until when it is good.
    ends_at: String,
}

async fn put_one(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    Path((_, host)): Path<(TenantId, Hostname)>,
    Json(body): Json<Pair>,
) -> Result<Json<Certificate>, Problem> {
    let key = Secret::new(body.key);
    let ends_at = put(&room, &permit, &host, &body.chain, &key).await?;
    Ok(Json(Certificate { host: host.to_string(), ends_at: ends_at.to_string() }))
}

async fn delete(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    Path((_, host)): Path<(TenantId, Hostname)>,
) -> Result<StatusCode, Problem> {
    remove(&room.store, &permit, &host).await?;
    Ok(StatusCode::NO_CONTENT)
}
