//! The operator's page of the application's roles.

use super::{AppRole, list, put, remove, rows};
use crate::{
    Control,
    form::Reading,
    landing::{land, tell},
    pages,
};
use access::{ChangePlatformSettings, ReadPlatformSettings};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{DisplayName, RoleName};
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{Column, Wrong},
};

const PATH: &str = "/platform/roles";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("The roles that the application knows.")
        .post(PATH, post)
        .says("Makes a role known, or describes it anew.")
        .post("/platform/roles/remove", post_remove)
        .says("Removes a role.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    title: String,
    about: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    done: String,
    /// The role that the form shows.
    edit: String,
}

#[derive(Template)]
#[template(path = "role/list.html")]
struct RolesPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<AppRole>,
    sent: Sent,
    wrong: Wrong,
}

fn page(frame: Frame, lines: Vec<AppRole>, sent: Sent, wrong: Wrong) -> RolesPage {
    RolesPage {
        frame: frame
            .title("Roles")
            .describe("The roles that your application knows. Who holds them is each tenant's own business."),
        columns: vec![Column::new("Role"), Column::new("About"), Column::new("What to do").of("acts")],
        lines,
        sent,
        wrong,
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(wanted): Query<Wanted>,
    frame: Frame,
) -> Result<Page<RolesPage>, Problem> {
    let roles = list(&room.store, &permit).await?;
    let chosen = roles.iter().find(|role| role.name.as_str() == wanted.edit);
    let sent = chosen.map_or_else(Sent::default, |role| Sent {
        name: role.name.to_string(),
        title: role.title.to_string(),
        about: role.about.clone(),
    });
    Ok(Page::new(page(tell(&wanted.done, frame), roles, sent, Wrong::nothing())))
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let mut form = Reading::new();
    let name = form.read::<RoleName>("name", &sent.name);
    let title = form.read::<DisplayName>("title", &sent.title);
    let saved = match (name, title, form.finish()) {
        (Some(name), Some(title), Ok(())) => {
            put(&room.store, &permit, name, title, &sent.about).await.map(drop).map_err(Problem::from)
        }
        (_, _, wrong) => wrong,
    };
    let again = async |wrong| {
        let roles = room.store.survey(&permit, async |tx| rows::all(tx).await).await?;
        Ok(page(frame, roles, sent, wrong))
    };
    pages::answer(PATH, saved.map(|()| "role-saved"), again).await
}

async fn post_remove(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Form(Named { name }): Form<Named>,
) -> Result<Response, Problem> {
    let name: RoleName = name.parse().map_err(|_| Problem::new("item.unknown"))?;
    remove(&room.store, &permit, &name).await?;
    Ok(land(PATH, "role-removed"))
}
