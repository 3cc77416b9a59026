//! Deployments on the wire. A proof secret is in the answer that made it and in no other.

use super::{
    Changes, NewDeployment, Upstream, change, create, list, look_for_exposure, prepare, read, standing,
    take_over,
};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{Balancing, DeploymentId, DisplayName, NameError, Region};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/deployments", list_all)
        .says("Lists deployments.")
        .answers::<Listing<Deployment>>(200)
        .post("/v1/platform/deployments", post)
        .says("Makes a deployment and its proof secret, which is shown once.")
        .takes::<New>()
        .answers::<WithSecret>(201)
        .get("/v1/platform/deployments/{id}", show)
        .says("Shows a deployment.")
        .answers::<Deployment>(200)
        .patch("/v1/platform/deployments/{id}", patch)
        .says("Changes a deployment's name, its backends, or how requests are shared among them. Refused whole if anything in it is wrong.")
        .takes::<Change>()
        .answers::<Deployment>(200)
        .get("/v1/platform/deployments/{id}/upstreams", show_standing)
        .says("Shows how a deployment's backends stand at the node that answers.")
        .answers::<Listing<BackendStanding>>(200)
        .post("/v1/platform/deployments/{id}/exposure", post_exposure)
        .says("Asks a deployment's backends for something without a context, and shows how they stand: one that answers can be reached around the gateway.")
        .answers::<Listing<BackendStanding>>(200)
        .post("/v1/platform/deployments/{id}/proof-secret", post_secret)
        .says("Makes the next proof secret, shown once. The gateway goes on with the one before until the next takes over.")
        .answers::<WithSecret>(201)
        .post("/v1/platform/deployments/{id}/proof-secret/take-over", post_take_over)
        .says("Lets the next proof secret take over, once all backends know it.")
        .answers::<Deployment>(200)
}

/// A set of backends that hosts tenants.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deployment {
    /// Its id; the audience of the context tokens that its backends get.
    id: String,
    /// Its name.
    name: String,
    /// Its backends, as `http://host:port` or `https://host:port`.
    upstreams: Vec<String>,
    /// How requests are shared among them.
    #[schema(value_type = Object)]
    balancing: Balancing,
    /// The region that it is in; null where every node asks it.
    region: Option<String>,
    /// When it last changed.
    changed_at: String,
}

impl From<super::Deployment> for Deployment {
    fn from(deployment: super::Deployment) -> Self {
        Deployment {
            id: deployment.id.to_string(),
            name: deployment.name.to_string(),
            upstreams: deployment.upstreams.into_iter().map(String::from).collect(),
            balancing: deployment.balancing,
            region: deployment.region.map(|region| region.to_string()),
            changed_at: deployment.changed_at.to_string(),
        }
    }
}

/// A deployment with a proof secret that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = DeploymentWithSecret)]
pub(crate) struct WithSecret {
    #[serde(flatten)]
    deployment: Deployment,
    /// The secret, for the backends' configuration. Shown only now.
    proof_secret: String,
}

impl From<super::WithSecret> for WithSecret {
    fn from(made: super::WithSecret) -> Self {
        WithSecret { proof_secret: made.secret.reveal().clone(), deployment: made.deployment.into() }
    }
}

/// A deployment to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDeployment)]
pub(crate) struct New {
    /// Its name.
    #[schema(value_type = String)]
    name: DisplayName,
    /// Its backends; none yet is fine.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    upstreams: Vec<Upstream>,
    /// How requests are shared among them; what is left out is as by default.
    #[serde(default)]
    #[schema(value_type = Object)]
    balancing: Balancing,
    /// The region that it is in; none where every node asks it.
    #[schema(value_type = Option<String>)]
    region: Option<Region>,
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeploymentChange)]
pub(crate) struct Change {
    /// Another name.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// Other backends, the whole list.
    #[schema(value_type = Option<Vec<String>>)]
    upstreams: Option<Vec<Upstream>>,
    /// Other rules of sharing requests among them, all of them; what is left out is as by default.
    #[schema(value_type = Option<Object>)]
    balancing: Option<Balancing>,
    /// Another region; empty for none.
    region: Option<String>,
}

/// The region that a change names: nothing said, none, or one.
fn region(said: Option<String>) -> Result<Option<Option<Region>>, Problem> {
    let read = |text: String| match text.as_str() {
        "" => Ok(None),
        _ => text.parse().map(Some),
    };
    let region = said.map(read).transpose();
    region.map_err(|why: NameError| Problem::new("input.invalid").at("/region", why.0))
}

/// How one backend stands at the node that answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackendStanding {
    /// Its address.
    address: String,
    /// `up`, `waiting`, `down`, `ejected`, `unreachable` or `drained`.
    state: &'static str,
    /// How much it takes compared with the others.
    weight: u32,
    /// Requests under way to it.
    outstanding: u32,
    /// Requests that it answered with less than 500 since the node began.
    answered: u64,
    /// Requests that it did not answer, or with 500 and more.
    failed: u64,
    /// What it said the last time that it was asked about its health.
    checked: Option<String>,
    /// How many seconds ago that was.
    checked_seconds_ago: Option<u64>,
    /// Whether it answers without a context, so that it can be reached around the gateway; null if it was not asked.
    exposed: Option<bool>,
}

impl From<super::BackendStanding> for BackendStanding {
    fn from(standing: super::BackendStanding) -> Self {
        let (ago, said) = standing.checked.unzip();
        BackendStanding {
            address: standing.address,
            state: standing.state.words().0,
            weight: standing.weight,
            outstanding: standing.outstanding,
            answered: standing.answered,
            failed: standing.failed,
            checked: said,
            checked_seconds_ago: ago.map(|ago| ago.as_secs()),
            exposed: standing.exposed,
        }
    }
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<Deployment>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(Deployment::from).collect(), next: None }))
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(New { name, upstreams, balancing, region }): Json<New>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewDeployment { name, upstreams, balancing, region };
    let made = create(&room.store, &permit, new).await?;
    Ok((StatusCode::CREATED, Json(WithSecret::from(made))))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
) -> Result<Json<Deployment>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn patch(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    Json(Change { name, upstreams, balancing, region: said }): Json<Change>,
) -> Result<Json<Deployment>, Problem> {
    let changes = Changes { name, upstreams, balancing, region: region(said)? };
    Ok(Json(change(&room.store, &permit, id, changes).await?.into()))
}

async fn show_standing(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
) -> Result<Json<Listing<BackendStanding>>, Problem> {
    let all = standing(&room.store, &room.standing_of, &permit, id).await?;
    Ok(Json(Listing { items: all.into_iter().map(BackendStanding::from).collect(), next: None }))
}

async fn post_exposure(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
) -> Result<Json<Listing<BackendStanding>>, Problem> {
    let all = look_for_exposure(&room, &permit, id).await?;
    Ok(Json(Listing { items: all.into_iter().map(BackendStanding::from).collect(), next: None }))
}

async fn post_secret(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
) -> Result<impl IntoResponse, Problem> {
    let made = prepare(&room.store, &permit, id).await?;
    Ok((StatusCode::CREATED, Json(WithSecret::from(made))))
}

async fn post_take_over(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
) -> Result<Json<Deployment>, Problem> {
    Ok(Json(take_over(&room.store, &permit, id).await?.into()))
}
