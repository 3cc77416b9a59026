//! How each kind of front is answered over HTTP.

use super::{Decision, Front};
use crate::{
    Body, Fronts,
    forwarded::is_https,
    gateway::Gateway,
    headers::names,
    problem,
    refuse::{No, Reader},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION},
};
use std::net::IpAddr;

/// Where Envoy is told what to take out of the request that it forwards.
const ENVOY_REMOVES: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");
/// Where nginx asks a second time, for what its client is to be told.
const REFUSAL: &str = "/refusal";

impl Gateway {
    /// Answers a front that asks over HTTP. `from` is its address, and what it says is believed.
    pub async fn answer_front<B>(
        &self,
        request: Request<B>,
        from: IpAddr,
        fronts: &Fronts,
    ) -> Response<Body> {
        let (parts, _) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let Some((front, rest)) = Front::of_path(&path) else {
            return self.0.refusals.answer(&No::because(problem::NOTHING_HERE), &Reader::of(&parts));
        };
        let reader = Reader::of(&parts);
        let origin = if front == Front::Traefik { origin(&parts.headers) } else { None };
        let question = front.read(parts, from, fronts);
        let decision = self.decide(question.and_then(|question| self.shown(question, fronts))).await;
        match (front, decision) {
            (Front::Nginx, Decision::Allow { .. }) if rest == REFUSAL => {
                // What was refused a moment ago would pass now. The context is for the backend only.
                self.0.refusals.answer(&No::because(problem::CHANGED), &reader)
            }
            (Front::Nginx, Decision::Refuse(_)) if rest != REFUSAL => refused(),
            (_, Decision::Allow { set, remove }) => allowed(front, set, &remove),
            (Front::Traefik, Decision::Refuse(response)) => absolute(response, origin.as_deref()),
            (_, Decision::Refuse(response)) => response,
        }
    }
}

fn allowed(front: Front, set: HeaderMap, remove: &[HeaderName]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = set;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if front == Front::Envoy && !remove.is_empty() {
        let names: Vec<_> = remove.iter().map(HeaderName::as_str).collect();
        headers.insert(ENVOY_REMOVES, HeaderValue::try_from(names.join(",")).expect("names are plain ASCII"));
    }
    response
}

/// Traefik takes a way on our host for one on the host of the listener that it asked.
fn absolute(mut response: Response<Body>, origin: Option<&str>) -> Response<Body> {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    if let (Some(path), Some(origin)) = (location.filter(|location| location.starts_with('/')), origin)
        && let Ok(whole) = HeaderValue::try_from(format!("{origin}{path}"))
    {
        response.headers_mut().insert(LOCATION, whole);
    }
    response
}

/// Where the client is, in the words of a front that was found to say it in one way.
fn origin(headers: &HeaderMap) -> Option<String> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let scheme = if is_https(text(&names::FORWARDED_PROTO)?).ok()? { "https" } else { "http" };
    Some(format!("{scheme}://{}", text(&names::FORWARDED_HOST)?))
}

/// nginx takes one answer for no, without its words: 401. It asks for the words separately.
fn refused() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
