//! A backend in axum: what the extractor lets in and what it answers otherwise.
#![cfg(feature = "axum")]
#![expect(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Router, middleware};
use http_body_util::BodyExt;
use partywall_reader::{Context, ContextError, KeySource, Reader, ReaderConfig};
use serde_json::Value;
use tower::ServiceExt;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/vectors.json")).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// A backend whose clock stands at the time of the vectors, with the handler inside a nested router and a
/// layer that reads the context first.
fn backend() -> Router {
    let vectors = vectors();
    let keys = KeySource::fixed(vectors["key_sets"]["first"].to_string());
    let mut config = ReaderConfig::new(
        text(&vectors, "audience"),
        text(&vectors, "issuer"),
        keys,
        text(&vectors, "proof_secret"),
    );
    config.clock = || 1_790_000_000;
    let reader = Arc::new(Reader::new(config).unwrap());
    let whoami = |context: Context| async move {
        format!("{} at {}", context.user.unwrap().display_name(), context.tenant.name)
    };
    Router::new()
        .nest("/surveys", Router::new().route("/", get(whoami)))
        .layer(middleware::from_extractor_with_state::<Context, _>(Arc::clone(&reader)))
        .with_state(reader)
}

/// The request of the vectors' first case.
fn request() -> Request<Body> {
    let vectors = vectors();
    let first = &vectors["cases"][0]["requests"][0];
    let mut request = Request::builder().uri(text(first, "target"));
    for (name, value) in first["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(Body::empty()).unwrap()
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Option<ContextError>, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let refusal = response.extensions().get::<ContextError>().copied();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, refusal, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_handler_learns_who_calls_and_where() {
    let (status, _, body) = ask(&backend(), request()).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "Alice Ærø at Contoso"));
}

#[tokio::test]
async fn a_direct_call_is_refused_without_saying_why() {
    let bare = Request::builder().uri("/surveys").body(Body::empty()).unwrap();
    let (status, refusal, body) = ask(&backend(), bare).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(refusal, Some(ContextError::Missing("Partywall-Context")));
    assert_eq!(body, "This address answers only through its gateway.\n");
}

#[tokio::test]
async fn a_request_sent_again_is_refused() {
    let backend = backend();
    assert_eq!(ask(&backend, request()).await.0, StatusCode::OK);
    assert_eq!(ask(&backend, request()).await.1, Some(ContextError::Replayed));
}

#[tokio::test]
async fn a_second_copy_of_a_header_is_refused() {
    let mut doubled = request();
    doubled.headers_mut().append("partywall-tenant", "tnt_other".parse().unwrap());
    let (_, refusal, _) = ask(&backend(), doubled).await;
    assert_eq!(refusal, Some(ContextError::Malformed("Partywall-Tenant")));
}
