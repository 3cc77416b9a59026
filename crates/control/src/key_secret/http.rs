//! The secret of signed API keys on the wire; never the secret itself.

use super::roll;
use crate::Control;
use access::ChangePlatformSettings;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .post("/v1/platform/key-secret/roll", post)
        .says("Makes a new secret for signed API keys. Those under the one before are believed for a while longer.")
        .takes::<SecretRoll>()
        .answers::<SecretRolled>(200)
}

/// How the secret is rolled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretRoll {
    /// For how long keys under the secret before are believed, in seconds.
    overlap_seconds: u64,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretRolled {
    /// Until when keys under the secret before are believed.
    earlier_until: String,
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(SecretRoll { overlap_seconds }): Json<SecretRoll>,
) -> Result<Json<SecretRolled>, Problem> {
    let until = roll(&room.store, &permit, Duration::from_secs(overlap_seconds)).await?;
    Ok(Json(SecretRolled { earlier_until: until.to_string() }))
}
