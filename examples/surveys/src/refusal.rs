//! A request that gets a no, as a page and as a problem.

use askama::Template;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::shelf::ShelfError;

/// Why not, in words a person can use.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
}

impl Refusal {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// There is nothing here, or nothing this person may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing here", "There is no such page in your organisation.")
    }

    /// It is here, but this person's roles do not reach it.
    pub(crate) fn not_allowed(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not with your roles", detail)
    }

    pub(crate) fn sign_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Sign in first", "This needs somebody who is signed in.")
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not quite right yet", detail)
    }

    pub(crate) fn elsewhere() -> Self {
        let detail = "A form of another site tried to do something here, so nothing was done.";
        Self::new(StatusCode::FORBIDDEN, "That came from somewhere else", detail)
    }
}

impl From<ShelfError> for Refusal {
    fn from(error: ShelfError) -> Self {
        eprintln!("surveys: {error}");
        let detail = "Your organisation's surveys cannot be read or kept right now. Nothing was changed.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment", detail)
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'a> {
    refusal: &'a Refusal,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let page = Page { refusal: &self };
        (self.status, Html(page.render().expect("rendering into a string does not fail"))).into_response()
    }
}

/// The same for a script: an RFC 9457 problem.
pub(crate) struct ApiRefusal(pub(crate) Refusal);

impl From<Refusal> for ApiRefusal {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for ApiRefusal {
    fn into_response(self) -> Response {
        let Self(Refusal { status, title, detail }) = self;
        let problem = json!({ "status": status.as_u16(), "title": title, "detail": detail });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
    }
}
