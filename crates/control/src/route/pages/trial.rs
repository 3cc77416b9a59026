//! The operator's page that plays a request through.

use crate::{
    Control, form,
    route::{Rehearsed, SampleRequest, http, rehearse},
};
use access::ReadPlatformSettings;
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use web::{AllowOperator, Form, Frame, Page, Problem, Routes, Surface, parts::Wrong};

const PATH: &str = "/platform/routes/test";

pub(super) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("A form to try a request on the gateway's routes.")
        .post(PATH, post)
        .says("Says why a request would be let through or not.")
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    method: String,
    url: String,
    headers: String,
    #[serde(default)]
    body: String,
    address: String,
}

#[derive(Template)]
#[template(path = "route/trial.html")]
struct TrialPage {
    frame: Frame,
    sent: Sent,
    outcome: Option<Rehearsed>,
    verdict: String,
    faults: Vec<String>,
    wrong: Wrong,
}

fn page(frame: Frame, sent: Sent) -> TrialPage {
    TrialPage {
        frame: frame
            .title("Try a request")
            .describe("Why a request would be let through or not, step by step. Nothing is forwarded, counted or written.")
            .under("Routes", "/platform/routes"),
        sent,
        outcome: None,
        verdict: String::new(),
        faults: Vec::new(),
        wrong: Wrong::nothing(),
    }
}

async fn show(AllowOperator(_): AllowOperator<ReadPlatformSettings>, frame: Frame) -> Page<TrialPage> {
    Page::new(page(frame, Sent { method: "GET".into(), ..Sent::default() }))
}

async fn post(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name.trim().to_owned(), value.trim().to_owned())
    };
    let sample = SampleRequest {
        method: sent.method.trim().to_owned(),
        url: sent.url.trim().to_owned(),
        headers: sent.headers.lines().filter(|line| !line.trim().is_empty()).map(pair).collect(),
        body: sent.body.clone(),
        address: sent.address.trim().to_owned(),
        document: None,
    };
    match rehearse(&permit, &room.rehearse, sample).await.map_err(http::problem) {
        Ok(outcome) => {
            let verdict = http::verdict(&outcome);
            Ok(Page::new(TrialPage { outcome: Some(outcome), verdict, ..page(frame, sent) }).into_response())
        }
        Err(problem) => {
            let faults = problem.errors().iter().map(|error| error.detail.clone()).collect();
            let wrong = form::again(problem)?;
            Ok(Page::again(TrialPage { faults, wrong, ..page(frame, sent) }).into_response())
        }
    }
}
