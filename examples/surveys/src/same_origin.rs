//! Only our own pages may change something.
//!
//! The session cookie is the gateway's and its `SameSite=Lax` keeps other sites out, but sibling tenants are
//! the same site to a browser. So a request that changes something must say that it comes from this very
//! origin. Browsers always say where a POST comes from; a client that says nothing is no browser and has no
//! cookie that it did not put there itself.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;

pub(crate) async fn check(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_ours(request.headers()) {
        next.run(request).await
    } else {
        Refusal::elsewhere().into_response()
    }
}

fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return true;
    };
    let (scheme, host) = (text("x-forwarded-proto"), text("x-forwarded-host"));
    matches!((scheme, host), (Some(scheme), Some(host)) if origin == format!("{scheme}://{host}"))
}
