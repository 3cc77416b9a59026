//! The operator's pages of the gateway's routes.

mod trial;

use super::{Routing, http, put, read, rows};
use crate::{
    Control, form,
    landing::{Landing, land},
};
use access::{ChangePlatformSettings, ReadPlatformSettings};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Wrong},
};

const PATH: &str = "/platform/routes";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("The gateway's routes.")
        .post(PATH, post)
        .says("Puts the gateway's routes.")
        .merge(trial::routes())
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    document: String,
}

#[derive(Template)]
#[template(path = "route/show.html")]
struct RoutesPage {
    frame: Frame,
    changed: Option<At>,
    document: String,
    faults: Vec<String>,
    wrong: Wrong,
}

fn page(frame: Frame, found: Option<&Routing>, document: String) -> RoutesPage {
    RoutesPage {
        frame: frame
            .title("Routes")
            .describe("Which path of the application goes where, and who may pass without signing in."),
        changed: found.map(|routing| routing.changed_at.into()),
        document,
        faults: Vec::new(),
        wrong: Wrong::nothing(),
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<RoutesPage>, Problem> {
    let found = read(&room.store, &permit).await?;
    let document = found.as_ref().map(|routing| format!("{:#}", routing.document)).unwrap_or_default();
    Ok(Page::new(page(landing.tell(frame), found.as_ref(), document)))
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent, { http::MOST }>,
) -> Result<Response, Problem> {
    let outcome = match serde_json::from_str::<Value>(&sent.document) {
        Ok(document) => {
            put(&room.store, &permit, document, &room.check_routes).await.map(drop).map_err(http::problem)
        }
        Err(why) => Err(Problem::new("input.invalid").at("/document", format!("This is not JSON: {why}."))),
    };
    match outcome {
        Ok(()) => Ok(land(PATH, "routes-saved")),
        Err(problem) => {
            let faults = problem.errors().iter().map(|error| error.detail.clone()).collect();
            let wrong = form::again(problem)?;
            let found = room.store.survey(&permit, async |tx| rows::find(tx).await).await?;
            let page = page(frame, found.as_ref(), sent.document);
            Ok(Page::again(RoutesPage { faults, wrong, ..page }).into_response())
        }
    }
}
