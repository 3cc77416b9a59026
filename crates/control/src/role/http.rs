//! The application's roles on the wire.

use super::{list, put, remove};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode};
use domain::{DisplayName, RoleName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/roles", list_all)
        .says("Lists the roles that the application knows.")
        .answers::<Listing<AppRole>>(200)
        .put("/v1/platform/roles/{name}", put_one)
        .says("Makes a role known, or says something else about it.")
        .takes::<Put>()
        .answers::<AppRole>(200)
        .delete("/v1/platform/roles/{name}", delete)
        .says("Removes a role, so that nobody can be given it. Members who hold it keep it until it is taken from them.")
        .answers_empty(204)
}

/// A role of the application.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppRole {
    /// Its name, as backends get it.
    name: String,
    /// Its name for people.
    title: String,
    /// What its holder may do.
    about: String,
    /// When it last changed.
    changed_at: String,
}

impl From<super::AppRole> for AppRole {
    fn from(role: super::AppRole) -> Self {
        AppRole {
            name: role.name.to_string(),
            title: role.title.to_string(),
            about: role.about,
            changed_at: role.changed_at.to_string(),
        }
    }
}

/// What is to be said about a role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoleBody)]
pub(crate) struct Put {
    /// Its name for people.
    #[schema(value_type = String)]
    title: DisplayName,
    /// What its holder may do, in a sentence or two.
    #[serde(default)]
    about: String,
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<AppRole>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(AppRole::from).collect(), next: None }))
}

async fn put_one(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<String>,
    Json(body): Json<Put>,
) -> Result<Json<AppRole>, Problem> {
    let name: RoleName = name
        .parse()
        .map_err(|why: domain::NameError| Problem::new("input.invalid").at("/name", why.to_string()))?;
    Ok(Json(put(&room.store, &permit, name, body.title, &body.about).await?.into()))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(name): Path<RoleName>,
) -> Result<StatusCode, Problem> {
    remove(&room.store, &permit, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
