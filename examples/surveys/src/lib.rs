//! Surveys: a small SaaS that stands behind Partywall.
//!
//! It owns surveys, questions and answers, and what its three roles may do with them. Everything it knows
//! about who calls and for which organisation comes from one value, the [`Context`] that the reader makes
//! of each request; the whole application refuses a request without one. It never signs anyone in, never
//! maps a request to a tenant, and never looks into another tenant's book.

mod app;
mod assets;
mod frame;
mod live;
mod person;
mod refusal;
mod rights;
mod same_origin;
mod shelf;
mod spa;
mod survey;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::HandlerWithoutStateExt;
use axum::http::{HeaderValue, header};
use axum::{Router, middleware};
use partywall_reader::{Context, Reader};

pub use app::App;
pub use shelf::{Shelf, ShelfError};

/// No request of ours is longer than a survey with all its questions.
const LONGEST_BODY: usize = 256 * 1024;

/// Scripts and styles are files; nothing stands inside a page.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The whole application. Every request passes the context reader before anything looks at it.
pub fn router(app: App) -> Router {
    let reader = Arc::clone(&app.reader);
    Router::new()
        .merge(survey::pages())
        .merge(survey::api())
        .merge(live::routes())
        .merge(spa::routes())
        .merge(assets::routes())
        .fallback_service((async || refusal::Refusal::not_found()).into_service())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn(same_origin::check))
        .layer(middleware::from_extractor_with_state::<Context, Arc<Reader>>(reader))
        .layer(middleware::map_response(with_manners))
        .with_state(app)
}

async fn with_manners(mut response: axum::response::Response) -> axum::response::Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // Pages differ by person; nothing between us and them may keep one for another.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}
