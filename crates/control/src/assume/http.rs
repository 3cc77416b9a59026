//! Assumptions on the wire.

use super::list;
use crate::Control;
use access::ReadPlatformAudit;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Paging, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/assumptions", list_some)
        .says("Lists when operators went into tenants, and why, the latest first.")
        .asks::<Paging>()
        .answers::<Listing<Assumption>>(200)
}

/// One time that an operator went into a tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct Assumption {
    /// Which tenant.
    tenant: String,
    /// Who, as the audit trail names them.
    operator: String,
    /// Why.
    reason: String,
    /// When.
    at: String,
}

impl From<super::Assumption> for Assumption {
    fn from(assumption: super::Assumption) -> Self {
        Assumption {
            tenant: assumption.tenant.to_string(),
            operator: assumption.operator,
            reason: assumption.reason,
            at: assumption.at.to_string(),
        }
    }
}

async fn list_some(
    AllowOperator(permit): AllowOperator<ReadPlatformAudit>,
    State(room): State<Control>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<Assumption>>, Problem> {
    Ok(Json(list(&room.store, &permit, &paging.into()).await?.into()))
}
