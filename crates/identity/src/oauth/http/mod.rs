//! The endpoints.

pub(crate) mod authorize;
pub(super) mod denied;
pub(crate) mod discovery;
pub(crate) mod token;

use super::issue::Tokens;
use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

impl IntoResponse for Tokens {
    fn into_response(self) -> Response {
        let forgotten = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
        (forgotten, Json(Value::Object(self.0))).into_response()
    }
}
