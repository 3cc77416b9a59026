//! Problems (RFC 9457): how a refusal or failure reads to a client. [`crate::catalogue`] holds the words;
//! here is how a fault becomes one, and how one becomes a response.
//!
//! The response is made in two steps. A handler's error becomes a response at once, so that axum is
//! content; on the way out [`crate::Site`] takes the problem back out of the response's extensions and
//! writes it in the form that this caller reads, with the request's id, and logs it once.

use crate::{
    HostKind, Hosts, Plain, Web,
    catalogue::{self, Entry},
    client,
    page::HTML,
    wants::Reader,
};
use askama::Template;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Fault, RequestId};
use serde::Serialize;

/// A refusal or failure on its way to a client.
#[derive(Clone, Debug)]
pub struct Problem {
    entry: &'static Entry,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    cause: Option<String>,
    for_client: bool,
}

/// What is wrong with one value of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901) into the body, or the name of a field or parameter.
    pub pointer: String,
    /// What is wrong, in words.
    pub detail: String,
}

impl Problem {
    /// The problem with this code. A code that the catalogue lacks is our mistake and becomes `internal`.
    pub fn new(code: &'static str) -> Self {
        match catalogue::find(code) {
            Some(entry) => Problem::of(entry),
            None => Problem::internal(format!("the code {code} is not in the catalogue")),
        }
    }

    /// Something that should not have happened; `cause` is for the log only.
    pub fn internal(cause: impl Into<String>) -> Self {
        let entry = catalogue::find("internal").expect("the catalogue holds `internal`");
        Problem { cause: Some(cause.into()), ..Problem::of(entry) }
    }

    fn of(entry: &'static Entry) -> Self {
        Problem {
            entry,
            detail: None,
            errors: Vec::new(),
            retry_after: entry.retry_after,
            cause: None,
            for_client: false,
        }
    }

    /// The same problem with more words for the client.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same problem, pointing at one more wrong value.
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// The same problem, saying after how many seconds another try makes sense.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same problem with words for the log only. They hold no secret.
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same problem, told in the words of OAuth (RFC 6749 section 5.2).
    pub fn for_client(mut self) -> Self {
        self.for_client = true;
        self
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// Its title.
    pub fn title(&self) -> &'static str {
        self.entry.title
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        self.entry.advice
    }

    /// What more there is to say to the client.
    pub fn more(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The values that are wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.entry.status).expect("the catalogue's statuses are tested")
    }

    /// The words for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Whether its answer must be the same bytes for everybody, request id and all: what is said about
    /// a tenant that is unknown, foreign or unpublished.
    pub(crate) fn betrays_nothing(&self) -> bool {
        self.entry.code == "tenant.unknown"
    }

    /// The problem as JSON. `api` is where problems are explained.
    pub(crate) fn as_json(&self, api: &str, request: Option<RequestId>) -> Vec<u8> {
        let request = request.filter(|_| !self.betrays_nothing());
        let wire = Wire {
            kind: format!("{api}/problems/{}", self.entry.code),
            title: self.entry.title,
            status: self.entry.status,
            code: self.entry.code,
            detail: self.detail.as_deref(),
            instance: request.map(|request| request.to_string()),
            errors: &self.errors,
        };
        serde_json::to_vec(&wire).expect("a problem is plain data")
    }

    /// The problem as a page.
    fn as_page(&self, hosts: &Hosts, kind: HostKind, request: Option<RequestId>) -> Vec<u8> {
        let request = request.filter(|_| !self.betrays_nothing());
        let plain = Plain::at(kind, request.map(|id| id.to_string()).unwrap_or_default()).title(self.title());
        let (home, home_title) = match kind {
            HostKind::Tenant | HostKind::Console if self.betrays_nothing() => {
                (format!("{}/", hosts.id), "Your organisations")
            }
            HostKind::Console => ("/".to_owned(), "Back to the console"),
            HostKind::Tenant => ("/".to_owned(), "Back to the application"),
            HostKind::Id | HostKind::Api | HostKind::Socket => (String::new(), ""),
        };
        let api = hosts.api.origin();
        let page = ProblemPage {
            plain: plain.describe(self.more().unwrap_or_default()),
            errors: &self.errors,
            advice: self.advice(),
            home,
            home_title,
            explained: format!("{api}/problems/{}", self.code()),
            code: self.code(),
        };
        page.render().map(String::into_bytes).unwrap_or_else(|_| self.as_json(api, None))
    }

    /// A response with this problem's status, headers and `body`.
    pub(crate) fn respond(&self, media: &'static str, body: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // A 401 says how to authenticate (RFC 9110, 15.5.2).
        if self.entry.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"partywall\""));
        }
        response
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'p> {
    plain: Plain,
    errors: &'p [FieldError],
    advice: &'static str,
    home: String,
    home_title: &'static str,
    explained: String,
    code: &'static str,
}

/// The page that the gateway shows at tenants' hosts for a problem of the catalogue. It holds nothing of the
/// request, so that the same bytes serve everybody.
pub fn gateway_page(entry: &Entry, hosts: &Hosts) -> String {
    let page = Problem::new(entry.code).as_page(hosts, HostKind::Tenant, None);
    String::from_utf8(page).expect("templates are text")
}

/// The media type of problems.
pub(crate) const MEDIA: &str = "application/problem+json";

#[derive(Serialize)]
struct Wire<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldError],
}

impl<E: Fault> From<E> for Problem {
    fn from(fault: E) -> Self {
        let mut problem = Problem::new(fault.code());
        problem.detail = fault.detail();
        if let Some(place) = fault.place() {
            let words = problem.detail.clone().unwrap_or_else(|| problem.title().to_owned());
            problem = problem.at(format!("/{place}"), words);
        }
        problem.cause = Some(match problem.cause {
            Some(cause) => format!("{cause}: {fault}"),
            None => fault.to_string(),
        });
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.respond(MEDIA, self.as_json("", None));
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer as its reader reads it, in place of the one that the handler's error made. Logged here, and
/// only here.
pub(crate) fn write(
    problem: &Problem,
    drafted: Response,
    reader: &Reader,
    request: RequestId,
    web: &Web,
) -> Response {
    log(problem);
    let api = web.hosts.api.origin();
    let mut response = if problem.for_client {
        client::refusal(problem, api)
    } else if reader.page {
        problem.respond(HTML, problem.as_page(&web.hosts, reader.kind, Some(request)))
    } else {
        problem.respond(MEDIA, problem.as_json(api, Some(request)))
    };
    // What goes with the answer whatever its words are: the methods that are allowed, and a cookie that
    // ends. The answer that betrays nothing takes nothing along.
    let kept = if problem.betrays_nothing() { &[][..] } else { &[header::ALLOW, header::SET_COOKIE] };
    for name in kept {
        for value in drafted.headers().get_all(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

fn log(problem: &Problem) {
    let (code, cause) = (problem.code(), problem.cause().unwrap_or_default());
    if problem.status().is_server_error() {
        tracing::error!(code, "answered with a problem: {code}: {cause}");
    } else {
        tracing::debug!(code, "answered with a problem: {code}: {cause}");
    }
}

/// Why an extractor let nobody through: a problem, or the way to the sign-in page.
#[derive(Debug)]
pub struct Refused(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Problem(Problem),
    Leave(Response),
}

impl Refused {
    pub(crate) fn leave(to: Response) -> Self {
        Refused(Box::new(Kind::Leave(to)))
    }

    /// The problem, unless it is the way to the sign-in page.
    pub fn problem(&self) -> Option<&Problem> {
        match &*self.0 {
            Kind::Problem(problem) => Some(problem),
            Kind::Leave(_) => None,
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Refused(Box::new(Kind::Problem(problem)))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match *self.0 {
            Kind::Problem(problem) => problem.into_response(),
            Kind::Leave(response) => response,
        }
    }
}

/// Fails unless every code is in the catalogue. For the tests of whoever raises them.
///
/// # Panics
/// If one is not.
pub fn assert_known(codes: &[&str]) {
    for code in codes {
        assert!(catalogue::find(code).is_some(), "`{code}` is not in web::catalogue");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0} is taken by tnt_x")]
    struct Taken(&'static str);

    impl Fault for Taken {
        fn code(&self) -> &'static str {
            self.0
        }
        fn detail(&self) -> Option<String> {
            Some("That name is taken.".into())
        }
        fn place(&self) -> Option<&'static str> {
            Some("name")
        }
    }

    #[test]
    fn a_fault_becomes_its_problem_and_keeps_its_inner_words_for_the_log() {
        let problem = Problem::from(Taken("input.invalid"));
        assert_eq!(problem.status(), 422);
        assert_eq!(problem.errors()[0].pointer, "/name");
        let wire = String::from_utf8(problem.as_json("", None)).expect("JSON");
        assert!(wire.contains("That name is taken.") && !wire.contains("tnt_x"));
        assert_eq!(problem.cause(), Some("input.invalid is taken by tnt_x"));
    }

    #[test]
    fn a_code_that_nobody_listed_is_our_mistake_and_not_the_clients() {
        let problem = Problem::from(Taken("no.such-code"));
        assert_eq!((problem.status().as_u16(), problem.code()), (500, "internal"));
        assert!(problem.cause().is_some_and(|cause| cause.contains("no.such-code is not in the catalogue")));
    }

    #[test]
    fn what_may_be_tried_again_says_when() {
        let response = Problem::new("store.unavailable").into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }
}
