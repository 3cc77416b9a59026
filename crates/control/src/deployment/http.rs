//! Deployments on the wire. A proof secret is in the answer that made it and in no other.

use super::{Changes, NewDeployment, Upstream, change, create, list, prepare, read, take_over};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use domain::{DeploymentId, DisplayName};
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
        .says("Changes a deployment's name or backends.")
        .takes::<Change>()
        .answers::<Deployment>(200)
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
    /// When it last changed.
    changed_at: String,
}

impl From<super::Deployment> for Deployment {
    fn from(deployment: super::Deployment) -> Self {
        Deployment {
            id: deployment.id.to_string(),
            name: deployment.name.to_string(),
            upstreams: deployment.upstreams.into_iter().map(String::from).collect(),
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
    Json(New { name, upstreams }): Json<New>,
) -> Result<impl IntoResponse, Problem> {
    let new = NewDeployment { name, upstreams };
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
    Json(Change { name, upstreams }): Json<Change>,
) -> Result<Json<Deployment>, Problem> {
    let changes = Changes { name, upstreams };
    Ok(Json(change(&room.store, &permit, id, changes).await?.into()))
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
