//! A refusal in the words of OAuth (RFC 6749 sections 4.1.2.1 and 5.2).

use access::Refusal;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Fault;
use serde_json::json;
use std::borrow::Cow;
use store::StoreError;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {words}")]
pub(crate) struct Denied {
    /// The standard's word for it.
    pub(crate) error: &'static str,
    /// What is wrong, for whoever writes the application. Betrays nothing.
    pub(crate) words: Cow<'static, str>,
}

impl Denied {
    pub(crate) fn new(error: &'static str, words: impl Into<Cow<'static, str>>) -> Self {
        Denied { error, words: words.into() }
    }

    /// What was shown is good for nothing here, for whatever reason.
    pub(crate) fn grant() -> Self {
        Denied::new(
            "invalid_grant",
            "It was never given here, has been used, has ended, or is another application's.",
        )
    }

    pub(crate) fn request(words: impl Into<Cow<'static, str>>) -> Self {
        Denied::new("invalid_request", words)
    }

    pub(crate) fn client() -> Self {
        Denied::new("invalid_client", "No such application has shown this proof.")
    }

    fn status(&self) -> StatusCode {
        match self.error {
            "invalid_client" | "invalid_token" => StatusCode::UNAUTHORIZED,
            "slow_down" if self.words.contains("guesses") => StatusCode::TOO_MANY_REQUESTS,
            "insufficient_scope" => StatusCode::FORBIDDEN,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl Fault for Denied {
    fn code(&self) -> &'static str {
        self.error
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a token request met trouble in the database: {error}");
        match error.code() {
            "store.unavailable" => Denied::new("temporarily_unavailable", "Try again in a moment."),
            _ => Denied::new("server_error", "This should not have happened."),
        }
    }
}

/// How a tenant's refusal reads where a grant was shown: one that is not there is one that gave nothing.
impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfTouch => Denied::new("temporarily_unavailable", "Try again in a moment."),
            Refusal::Closed(_) => {
                Denied::new("temporarily_unavailable", "The organisation is closed for now.")
            }
            _ => Denied::grant(),
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        tracing::debug!(error = self.error, "an application was refused: {self}");
        let told = json!({ "error": self.error, "error_description": self.words });
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status(), json, told.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if self.error == "invalid_client" {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"partywall\""));
        }
        if self.error == "temporarily_unavailable" {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
