//! Which pages of other origins may read answers (the CORS protocol of the Fetch standard). Questions before a
//! request are answered here and reach no backend; what a backend says about it is deleted.

use super::Say;
use crate::{
    Authority,
    body::Body,
    expression::Asked,
    peer::Peer,
    problem,
    refuse::No,
    route::{Route, Routes},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
    request::Parts,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an operator allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsSpec {
    /// Origins such as `https://app.example.com`, or `*` alone for all of them.
    pub origins: Vec<String>,
    /// Methods beyond GET, HEAD and POST.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Request headers beyond the plain ones.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Answer headers that pages may read, beyond the plain ones.
    #[serde(default)]
    pub expose: Vec<String>,
    /// Whether requests may carry cookies; never with `*`.
    #[serde(default)]
    pub credentials: bool,
    /// For how many seconds an answer to such a question is good.
    #[serde(default = "ten_minutes")]
    pub max_age: u32,
}

fn ten_minutes() -> u32 {
    600
}

/// What was checked.
#[derive(Debug)]
pub(crate) struct Cors {
    anybody: bool,
    origins: Box<[HeaderValue]>,
    methods: HeaderValue,
    headers: Option<HeaderValue>,
    expose: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

impl Cors {
    pub(super) fn of(spec: &CorsSpec, say: Say<'_>) -> Self {
        let mut fault = |what: String| say("policies.cors", what);
        let anybody = spec.origins.iter().any(|origin| origin == "*");
        if spec.origins.is_empty() {
            fault("origins: at least one must be allowed".into());
        }
        if anybody && spec.origins.len() > 1 {
            fault("origins: `*` stands alone".into());
        }
        if anybody && spec.credentials {
            fault("credentials: pages of every origin cannot be allowed together with cookies; name the origins".into());
        }
        let mut origins = Vec::new();
        for origin in spec.origins.iter().filter(|origin| *origin != "*") {
            match HeaderValue::from_str(origin) {
                Ok(value) if is_origin(origin) => origins.push(value),
                _ => fault(format!("origins: `{origin}` is no origin such as `https://app.example.com`")),
            }
        }
        let methods = ["GET", "HEAD", "POST"].into_iter().map(str::to_owned).chain(spec.methods.clone());
        let mut list = |key: &str, words: Vec<String>| {
            for word in words.iter().filter(|word| word.parse::<HeaderName>().is_err()) {
                fault(format!("{key}: `{word}` cannot stand here"));
            }
            (!words.is_empty()).then(|| HeaderValue::try_from(words.join(", ")).ok()).flatten()
        };
        Cors {
            anybody,
            origins: origins.into(),
            methods: list("methods", methods.collect())
                .unwrap_or(HeaderValue::from_static("GET, HEAD, POST")),
            headers: list("headers", spec.headers.clone()),
            expose: list("expose", spec.expose.clone()),
            credentials: spec.credentials && !anybody,
            max_age: spec.max_age.into(),
        }
    }

    /// The answer to a browser that asks before it sends; none to a request that is no such question.
    pub(crate) fn answer(&self, parts: &Parts) -> Option<Result<Response<Body>, No>> {
        let asks =
            parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let origin = parts.headers.get(ORIGIN).filter(|_| asks)?;
        if !self.allows(origin) {
            return Some(Err(No::because(problem::CROSS_ORIGIN)));
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        self.mark(origin, headers);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        if let Some(allowed) = &self.headers {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        Some(Ok(response))
    }

    /// Says in an answer whether this origin's pages may read it.
    pub(crate) fn mark(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        for name in [
            ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
        if self.anybody {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            headers.append(VARY, HeaderValue::from_static("Origin"));
            if !self.allows(origin) {
                return;
            }
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(expose) = &self.expose {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        self.anybody || self.origins.contains(origin)
    }
}

/// A request of a page, to a route that says which pages may read its answers.
pub(crate) struct CrossOrigin {
    route: Arc<Route>,
    origin: HeaderValue,
}

impl CrossOrigin {
    /// None where no page asks, or the route has nothing to say about it.
    pub(crate) fn of(routes: &Routes, parts: &Parts, peer: &Peer) -> Option<Self> {
        let origin = parts.headers.get(ORIGIN)?;
        let authority = Authority::of(&parts.headers, &parts.uri).ok()?;
        let asked = Asked::of(parts, &authority.host, peer);
        let route = routes.pick_by_head(&authority.host, &asked).ok()??;
        route.policies.cors.as_ref()?;
        Some(CrossOrigin { route: route.clone(), origin: origin.clone() })
    }

    /// The answer to a browser that asks before it sends.
    pub(crate) fn answer(&self, parts: &Parts) -> Option<Result<Response<Body>, No>> {
        self.route.policies.cors.as_ref()?.answer(parts)
    }

    /// Says in any answer, ours too, whether the page may read it.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Some(cors) = &self.route.policies.cors {
            cors.mark(&self.origin, headers);
        }
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| Authority::parse(host).is_ok())
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> Vec<String> {
        let mut faults = Vec::new();
        Cors::of(&serde_json::from_str(json).unwrap(), &mut |_, what| faults.push(what));
        faults
    }

    #[test]
    fn cookies_are_never_for_pages_of_every_origin() {
        assert!(faults(r#"{"origins": ["*"]}"#).is_empty());
        assert!(faults(r#"{"origins": ["*"], "credentials": true}"#)[0].starts_with("credentials:"));
        assert!(faults(r#"{"origins": ["*", "https://a.test"]}"#)[0].contains("stands alone"));
        assert!(faults(r#"{"origins": ["https://a.test/x"]}"#)[0].contains("is no origin"));
        assert!(faults(r#"{"origins": []}"#)[0].contains("at least one"));
    }
}
