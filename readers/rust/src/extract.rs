//! `Context` as an axum extractor. The application's state must give an `Arc<Reader>`.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OriginalUri};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::{Context, ContextError, Reader};

/// The headers that must not be there twice: of two different ones we could read the wrong one.
const SINGLE: [&str; 8] = [
    "Partywall-Context",
    "Partywall-Proof",
    "Partywall-Tenant",
    "Partywall-User",
    "Partywall-Roles",
    "Partywall-Subscriber",
    "Partywall-Scopes",
    "Partywall-Request-Id",
];

/// A request without a context we believe. The client reads only that it was refused; the reason is in the
/// response's extensions, for a layer that logs.
#[derive(Clone, Copy, Debug)]
pub struct ContextRejection(pub ContextError);

impl IntoResponse for ContextRejection {
    fn into_response(self) -> Response {
        let (status, words) = if self.0.is_ours() {
            (StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment.\n")
        } else {
            (StatusCode::FORBIDDEN, "This address answers only through its gateway.\n")
        };
        let mut response = (status, words).into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

impl<S> FromRequestParts<S> for Context
where
    S: Send + Sync,
    Arc<Reader>: FromRef<S>,
{
    type Rejection = ContextRejection;

    /// The context is kept with the request, because a proof can be read only once while a layer and a
    /// handler may both want to know.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        if let Some(context) = parts.extensions.get::<Self>() {
            return Ok(context.clone());
        }
        let reader = Arc::<Reader>::from_ref(state);
        let context = read(&reader, parts).await.map_err(ContextRejection)?;
        parts.extensions.insert(context.clone());
        Ok(context)
    }
}

async fn read(reader: &Reader, parts: &Parts) -> Result<Context, ContextError> {
    for name in SINGLE {
        if parts.headers.get_all(name).iter().nth(1).is_some() {
            return Err(ContextError::Malformed(name));
        }
    }
    // Inside a nested router axum shortens the path; the proof is over the one that was forwarded.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    reader.read(parts.method.as_str(), target, header, reader.now()).await
}
