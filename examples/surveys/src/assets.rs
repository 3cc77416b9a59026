//! The few files that pages link to.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/assets/surveys.css", get(async || file("text/css", include_str!("assets/surveys.css"))))
        .route("/assets/icon.svg", get(async || file("image/svg+xml", include_str!("assets/icon.svg"))))
        .route("/assets/live.js", get(async || file("text/javascript", include_str!("assets/live.js"))))
        .route("/assets/spa.js", get(async || file("text/javascript", include_str!("assets/spa.js"))))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=300")], text)
}
