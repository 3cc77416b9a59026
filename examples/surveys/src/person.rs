//! The person behind a request, and what to do when there is none.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use partywall_reader::{Context, Tenant, User};
use url::form_urlencoded::byte_serialize;

use crate::app::App;
use crate::refusal::{ApiRefusal, Refusal};

/// Somebody signed in at a tenant. Taking one is how a handler says that it is not for strangers.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) context: Context,
    pub(crate) user: User,
}

impl Person {
    pub(crate) fn tenant(&self) -> &Tenant {
        &self.context.tenant
    }

    pub(crate) fn has_role(&self, role: &str) -> bool {
        self.context.has_role(role)
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let context = Context::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        match context.user.clone() {
            Some(user) => Ok(Self { context, user }),
            None => Err(ask_to_sign_in(parts)),
        }
    }
}

/// A page sends the visitor to the sign-in and back; a script gets an answer it can act on.
fn ask_to_sign_in(parts: &Parts) -> Response {
    let path = parts.uri.path();
    if path.starts_with("/api/") || path == "/live" {
        return ApiRefusal(Refusal::sign_in()).into_response();
    }
    let wanted = parts.uri.path_and_query().filter(|_| parts.method.is_safe());
    Redirect::to(&sign_in_address(wanted.map_or("/", |target| target.as_str()))).into_response()
}

/// Where the gateway begins a sign-in that comes back to this path.
pub(crate) fn sign_in_address(back_to: &str) -> String {
    let path: String = byte_serialize(back_to.as_bytes()).collect();
    format!("/.partywall/sign-in?return={path}")
}
