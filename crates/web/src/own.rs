//! The few routes of our own: assets, the explanation of problems, the description of the API.

use crate::{
    Json, Open, Page, Path, Plain, Problem, Routes, Surface, Web, assets,
    catalogue::{self, CATALOGUE, Entry},
    open, wants,
};
use askama::Template;
use axum::{
    Extension,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

/// The description of the whole API, which [`crate::Site`] makes and hands to every request.
#[derive(Clone)]
pub(crate) struct Description(pub(crate) Bytes);

/// Our own routes, to be merged with the rooms'.
pub fn own_routes() -> Routes<Web> {
    Routes::new()
        .get("/v1/openapi.json", describe)
        .says("Describes this API.")
        .get("/problems", explain_all)
        .get("/problems/{code}", explain)
        .get("/assets/{hash}/{file}", asset)
        .on(Surface::Id)
        .get("/problems", explain_all)
        .get("/problems/{code}", explain)
        .get("/assets/{hash}/{file}", asset)
        .on(Surface::Tenant)
        .get("/.partywall/assets/{hash}/{file}", asset)
}

async fn asset(
    _: Open<open::Assets>,
    Path((hash, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    assets::serve(&hash, &file).ok_or(Problem::new("item.unknown"))
}

async fn describe(
    _: Open<open::ApiDescription>,
    Extension(Description(text)): Extension<Description>,
) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], text).into_response()
}

#[derive(Template)]
#[template(path = "problems.html")]
struct Explained<'p> {
    plain: Plain,
    entries: &'p [Entry],
}

#[derive(Serialize)]
struct Explanation {
    code: &'static str,
    status: u16,
    title: &'static str,
    advice: &'static str,
}

impl From<&Entry> for Explanation {
    fn from(entry: &Entry) -> Self {
        let Entry { code, status, title, advice, .. } = *entry;
        Explanation { code, status, title, advice }
    }
}

async fn explain(
    _: Open<open::ProblemPages>,
    Path(code): Path<String>,
    plain: Plain,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let entry = catalogue::find(&code).ok_or(Problem::new("item.unknown"))?;
    if !wants::html(&headers) {
        return Ok(Json(Explanation::from(entry)).into_response());
    }
    let plain = plain.title(entry.title);
    Ok(Page::new(Explained { plain, entries: std::slice::from_ref(entry) }).into_response())
}

async fn explain_all(_: Open<open::ProblemPages>, plain: Plain, headers: HeaderMap) -> Response {
    if !wants::html(&headers) {
        return Json(CATALOGUE.iter().map(Explanation::from).collect::<Vec<_>>()).into_response();
    }
    let plain = plain.title("Problems").describe("What each problem means, and what to do about it.");
    Page::new(Explained { plain, entries: CATALOGUE }).into_response()
}
