//! The endpoints.

pub(crate) mod authorize;
pub(super) mod denied;
pub(crate) mod discovery;
pub(crate) mod introspect;
pub(crate) mod logout;
pub(crate) mod par;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;

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
