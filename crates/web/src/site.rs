//! The whole of what we answer ourselves, on every host: a request gets its id, finds its router by the
//! host it came to, and its answer leaves with the headers that every answer has.

use crate::{
    HostKind, Problem, Route, Routes, Surface, Web, headers, openapi, own::Description, problem, wants,
};
use axum::{Router, body::Body, extract::Request, http::HeaderValue, response::Response};
use domain::RequestId;
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc};
use tower::ServiceExt;
use tracing::Instrument;

/// The header that carries the request's id.
pub const REQUEST_ID: &str = "partywall-request-id";
/// What one node says to another about a request that it hands on (`docs/wire.md`).
pub const HOP: &str = "partywall-hop";

/// Every host's router, ready to answer. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    web: Web,
    api: Router,
    console: Router,
    id: Router,
    tenant: Router,
    list: Arc<[Route]>,
    description: Description,
}

impl Site {
    /// Puts all routes where they answer: the rooms' and [`crate::own_routes`].
    pub fn new(web: Web, mut routes: Routes<()>) -> Self {
        let list: Arc<[Route]> = routes.list().into();
        let description = Description(openapi::document(&list).to_string().into());
        let api = routes.router(Surface::Api);
        let console = routes.router(Surface::Console).merge(api.clone());
        let [api, console, id, tenant] =
            [api, console, routes.router(Surface::Id), routes.router(Surface::Tenant)].map(|router| {
                router
                    .fallback(async || Problem::new("route.unknown"))
                    .method_not_allowed_fallback(async || Problem::new("method.not-allowed"))
            });
        Site { web, api, console, id, tenant, list, description }
    }

    /// Every route there is.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// Answers a request whose host is known. Never fails: a panic becomes a problem as well.
    pub async fn answer(&self, mut request: Request) -> Response {
        let id = self.identify(&mut request);
        let span = tracing::info_span!(
            "request",
            request = %id,
            method = %request.method(),
            route = tracing::field::Empty,
            tenant = tracing::field::Empty,
            actor = tracing::field::Empty,
            action = tracing::field::Empty,
        );
        self.walk(request, id).instrument(span).await
    }

    async fn walk(&self, request: Request, id: RequestId) -> Response {
        let began = tokio::time::Instant::now();
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(self.description.clone());
        let reader = wants::Reader::of(&parts);
        let router = match parts.extensions.get::<HostKind>() {
            Some(HostKind::Console) => self.console.clone(),
            Some(HostKind::Id) => self.id.clone(),
            Some(HostKind::Tenant) => self.tenant.clone(),
            Some(HostKind::Api | HostKind::Socket) | None => self.api.clone(),
        };
        let answer = router.oneshot(Request::from_parts(parts, body));
        let mut response = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => axum::response::IntoResponse::into_response(Problem::internal("a handler panicked")),
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = problem::write(&problem, response, &reader, id, &self.web);
        }
        headers::apply(&mut response, &self.web.hosts);
        let value = HeaderValue::from_str(&id.to_string()).expect("an id is ASCII");
        response.headers_mut().insert(REQUEST_ID, value);
        let (status, micros) = (response.status().as_u16(), began.elapsed().as_micros() as u64);
        tracing::info!(status, micros, "answered {status}");
        response
    }

    /// The id that `server` gave, or a fresh one. What a client sends is not believed.
    fn identify(&self, request: &mut Request<Body>) -> RequestId {
        let given = request.extensions().get::<RequestId>().copied();
        let id = given.unwrap_or_else(|| RequestId::new(self.web.clock.now(), &self.web.chance));
        request.extensions_mut().insert(id);
        id
    }
}
