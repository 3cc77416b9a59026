//! A single-page client: one static page whose script asks the gateway who is signed in and our API for
//! the rest. It holds no token; the session cookie is not for scripts to read.

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::app::App;

#[derive(Template)]
#[template(path = "spa.html")]
struct Page;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/spa", get(page))
}

async fn page() -> impl IntoResponse {
    Html(Page.render().expect("rendering into a string does not fail"))
}
