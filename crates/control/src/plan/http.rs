//! Plans on the wire.

use super::{list, put};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::extract::State;
use domain::{DisplayName, Limits, event::names};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/plans", list_all)
        .says("Lists plans.")
        .answers::<Listing<Plan>>(200)
        .put("/v1/platform/plans/{name}", put_one)
        .says("Makes the plan of this name, or puts anew what it allows. Names of limits that mean nothing are refused.")
        .takes::<Put>()
        .answers::<Plan>(200)
}

/// What tenants may have.
#[derive(Serialize, ToSchema)]
pub(crate) struct Plan {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Bounds by name: `members`, `connections`, `hostnames`, `requests_per_second`.
    limits: BTreeMap<String, u64>,
    /// What is switched on.
    entitlements: BTreeSet<String>,
    /// When it last changed.
    changed_at: String,
}

impl From<super::Plan> for Plan {
    fn from(plan: super::Plan) -> Self {
        Plan {
            id: plan.id.to_string(),
            name: plan.name.to_string(),
            limits: plan.limits.limits,
            entitlements: plan.limits.entitlements,
            changed_at: plan.changed_at.to_string(),
        }
    }
}

/// What a plan is to allow, whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanBody)]
pub(crate) struct Put {
    /// Another name for it.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// Bounds by name; what is left out holds as by default.
    #[serde(default)]
    limits: BTreeMap<String, u64>,
    /// What is switched on.
    #[serde(default)]
    entitlements: BTreeSet<String>,
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<Plan>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(Plan::from).collect(), next: None }))
}

async fn put_one(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
    Json(body): Json<Put>,
) -> Result<Json<Plan>, Problem> {
    let name: DisplayName = name
        .parse()
        .map_err(|why: domain::NameError| Problem::new("input.invalid").at("/name", why.to_string()))?;
    let limits = Limits { limits: body.limits, entitlements: body.entitlements };
    let plan = put(&room.store, &permit, name, body.name, limits).await?;
    room.hear_platform(names::PLAN_CHANGED).await;
    Ok(Json(plan.into()))
}
