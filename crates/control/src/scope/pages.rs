//! The operator's page of scopes.

use super::{Scope, add, read, remove};
use crate::{Control, form::Reading, landing::tell, pages};
use access::{ChangePlatformSettings, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::ScopeName;
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{Column, Wrong},
};

const PATH: &str = "/platform/scopes";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("What API keys, tokens and certificates may be good for.")
        .post(PATH, post)
        .says("Declares a scope, or says anew what it opens.")
        .post("/platform/scopes/remove", post_remove)
        .says("Takes a scope out of those that are declared.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
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
    /// The scope that the form shows.
    edit: String,
}

#[derive(Template)]
#[template(path = "scope/list.html")]
struct ScopesPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Scope>,
    sent: Sent,
    wrong: Wrong,
}

fn page(frame: Frame, lines: Vec<Scope>, sent: Sent, wrong: Wrong) -> ScopesPage {
    ScopesPage {
        frame: frame.title("Scopes").describe(
            "What API keys, tokens and certificates may be good for. Routes ask for them; who is given which is each \
             tenant's own business.",
        ),
        columns: vec![Column::new("Scope"), Column::new("About"), Column::new("What to do").of("acts")],
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
) -> Result<Page<ScopesPage>, Problem> {
    let scopes = read(&room.store, &permit).await?;
    let chosen = scopes.iter().find(|scope| scope.name.as_ref() == wanted.edit);
    let sent = chosen.map_or_else(Sent::default, |scope| Sent {
        name: scope.name.to_string(),
        about: scope.about.clone(),
    });
    Ok(Page::new(page(tell(&wanted.done, frame), scopes, sent, Wrong::nothing())))
}

/// On, or the page again with what is wrong.
async fn answer(
    room: &Control,
    permit: &OperatorPermit<ReadPlatformSettings>,
    frame: Frame,
    sent: Sent,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let again = async |wrong| Ok(page(frame, read(&room.store, permit).await?, sent, wrong));
    pages::answer(PATH, done, again).await
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let mut form = Reading::new();
    let name = form.read::<ScopeName>("name", &sent.name);
    let done = match (name, form.finish()) {
        (Some(name), Ok(())) => {
            let declared = Scope { name, about: sent.about.trim().to_owned() };
            add(&room.store, &permit, declared).await.map(|_| "scope-saved").map_err(Problem::from)
        }
        (_, wrong) => wrong.map(|()| "scope-saved"),
    };
    answer(&room, &reader, frame, sent, done).await
}

async fn post_remove(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(Named { name }): Form<Named>,
) -> Result<Response, Problem> {
    let name: ScopeName = name.parse().map_err(|_| Problem::new("item.unknown"))?;
    let done = remove(&room.store, &permit, &name).await.map(|_| "scope-removed").map_err(Problem::from);
    answer(&room, &reader, frame, Sent::default(), done).await
}
