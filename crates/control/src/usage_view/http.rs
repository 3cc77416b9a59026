//! Use on the wire.

use super::read;
use crate::Control;
use access::ReadSettings;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Problem, Query, Routes};

/// The longest span that is given at once: 31 days.
pub(super) const MOST_HOURS: i64 = 31 * 24;

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/usage", show)
        .says("Shows the tenant's traffic, hour by hour.")
        .asks::<UsageQuery>()
        .answers::<Usage>(200)
}

/// Over how long.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// For the last so many hours, 1 to 744; 24 where nothing is said.
    hours: Option<i64>,
}

impl UsageQuery {
    pub(super) fn read(&self) -> Result<i64, Problem> {
        let hours = self.hours.unwrap_or(24);
        let words = format!("give 1 to {MOST_HOURS} hours");
        let fits = (1..=MOST_HOURS).contains(&hours);
        fits.then_some(hours).ok_or_else(|| Problem::new("input.invalid").at("/hours", words))
    }
}

/// A tenant's traffic.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    /// All hours together.
    total: Counts,
    /// Every hour, the oldest first.
    hours: Vec<Hour>,
}

/// The traffic of one hour.
#[derive(Serialize, ToSchema)]
#[schema(as = HourOfUsage)]
pub(crate) struct Hour {
    /// When it began.
    begins: String,
    #[serde(flatten)]
    counts: Counts,
}

/// Traffic.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageCounts)]
pub(crate) struct Counts {
    /// Requests that were forwarded.
    requests: i64,
    /// Requests whose backend failed or answered with 5xx.
    errors: i64,
    /// Bytes from clients.
    bytes_in: i64,
    /// Bytes to clients.
    bytes_out: i64,
    /// Milliseconds until backends began to answer, added up.
    upstream_ms: i64,
}

impl From<super::Hour> for Counts {
    fn from(hour: super::Hour) -> Self {
        let super::Hour { requests, errors, bytes_in, bytes_out, upstream_ms, .. } = hour;
        Counts { requests, errors, bytes_in, bytes_out, upstream_ms }
    }
}

impl From<super::Usage> for Usage {
    fn from(usage: super::Usage) -> Self {
        let hour = |hour: &super::Hour| Hour { begins: hour.begins().to_string(), counts: (*hour).into() };
        Usage { total: usage.total().into(), hours: usage.hours.iter().map(hour).collect() }
    }
}

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Usage>, Problem> {
    Ok(Json(read(&room.store, &permit, query.read()?).await?.into()))
}
