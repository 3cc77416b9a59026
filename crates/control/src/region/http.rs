//! Regions on the wire.

use super::{Place, list, put, remove};
use crate::{Control, deployment::Upstream};
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode};
use domain::Region as Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/regions", list_all)
        .says("Lists regions, where their nodes listen, and until when each is needed by tenants that moved away.")
        .answers::<Listing<Region>>(200)
        .put("/v1/platform/regions/{name}", put_one)
        .says("Says where the nodes of a region listen, so that requests for its deployments are handed on to it.")
        .takes::<Put>()
        .answers_empty(204)
        .delete("/v1/platform/regions/{name}", delete)
        .says("Takes a region away. Refused while names of tenants that moved away may still lead there.")
        .answers_empty(204)
}

/// A region.
#[derive(Serialize, ToSchema)]
pub(crate) struct Region {
    /// Its name, as its nodes' `home_region` says it.
    name: String,
    /// Where its nodes listen for everybody; empty where its deployments are asked from everywhere.
    gateways: Vec<String>,
    /// Until when names of tenants that moved away may still lead there; null if none does.
    needed_until: Option<String>,
    /// The deployments in it.
    deployments: Vec<InRegion>,
    /// How many tenants these host.
    tenants: u64,
}

/// A deployment in a region.
#[derive(Serialize, ToSchema)]
#[schema(as = RegionDeployment)]
pub(crate) struct InRegion {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
}

impl From<Place> for Region {
    fn from(place: Place) -> Self {
        Region {
            name: place.name.to_string(),
            gateways: place.gateways.into_iter().map(String::from).collect(),
            needed_until: place.needed_until.map(|until| until.to_string()),
            deployments: place
                .deployments
                .into_iter()
                .map(|(id, name)| InRegion { id: id.to_string(), name: name.to_string() })
                .collect(),
            tenants: place.tenants,
        }
    }
}

/// Where the nodes of a region listen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegionBody)]
pub(crate) struct Put {
    /// The addresses of their public listeners, as `http://host:port` or `https://host:port`.
    #[schema(value_type = Vec<String>)]
    gateways: Vec<Upstream>,
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<Region>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(Region::from).collect(), next: None }))
}

pub(super) fn named(text: &str) -> Result<Name, Problem> {
    text.parse().map_err(|why: domain::NameError| Problem::new("input.invalid").at("/name", why.0))
}

async fn put_one(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
    Json(Put { gateways }): Json<Put>,
) -> Result<StatusCode, Problem> {
    put(&room.store, &permit, named(&name)?, gateways).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let name = name.parse().map_err(|_| Problem::new("item.unknown"))?;
    remove(&room.store, &permit, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
