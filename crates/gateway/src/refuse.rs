//! The one place where a no becomes an answer.
//!
//! A tenant that is unknown, foreign or without a published sign-in page gets the same bytes, whatever
//! the reason was. So these answers hold nothing of the request but the kind of text that was asked for.

use crate::{
    Settings,
    body::Body,
    grpc,
    problem::{self, Problem},
};
use access::{Refusal, Tenant};
use bytes::Bytes;
use domain::Standing;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
        REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
    request::Parts,
};
use serde_json::json;
use std::{collections::HashMap, sync::Arc, time::Duration};
use web::catalogue::Entry;

/// Why a request goes no further, with what the client may be told beyond the problem's own words.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) problem: Problem,
    pub(crate) detail: Option<String>,
    /// What the answer's header says beyond what every answer's does.
    headers: Option<Box<HeaderMap>>,
    worked_on: Option<Box<WorkedOn>>,
}

/// Whose application is being worked on, and for how much longer at most.
#[derive(Debug)]
struct WorkedOn {
    tenant: Arc<Tenant>,
    seconds: u32,
}

impl No {
    pub(crate) fn because(problem: Problem) -> Self {
        No { problem, detail: None, headers: None, worked_on: None }
    }

    pub(crate) fn with(problem: Problem, detail: String) -> Self {
        No { problem, detail: Some(detail), headers: None, worked_on: None }
    }

    /// The tenant's application is being worked on, for this much longer.
    pub(crate) fn worked_on(tenant: &Arc<Tenant>, left: Duration) -> Self {
        let seconds = left.as_secs().try_into().unwrap_or(u32::MAX);
        let worked_on = Some(Box::new(WorkedOn { tenant: tenant.clone(), seconds }));
        No { worked_on, ..No::because(problem::MAINTENANCE) }
    }

    pub(crate) fn telling(self, headers: HeaderMap) -> Self {
        No { headers: Some(Box::new(headers)), ..self }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        No::because(match refusal {
            Refusal::NoTenantNamed
            | Refusal::NoSuchTenant
            | Refusal::Disagreement
            | Refusal::ForeignCredential => problem::TENANT_UNKNOWN,
            Refusal::Closed(Standing::Maintenance | Standing::Moving) => problem::MAINTENANCE,
            Refusal::Closed(Standing::ReadOnly) => problem::READ_ONLY,
            Refusal::Closed(_) => problem::CLOSED,
            Refusal::SignInNeeded | Refusal::BadCredential => problem::SESSION_NEEDED,
            Refusal::KeyRefused => problem::KEY_REFUSED,
            Refusal::KeyExpired => problem::KEY_EXPIRED,
            Refusal::TokenExpired => problem::BEARER_EXPIRED,
            Refusal::TokenEnded => problem::BEARER_ENDED,
            Refusal::CertificateExpired => problem::CERTIFICATE_EXPIRED,
            Refusal::NotAllowed | Refusal::ReasonNeeded => problem::FORBIDDEN,
            Refusal::OutOfTouch => problem::OUT_OF_TOUCH,
        })
    }
}

/// What gRPC's content types begin with.
const GRPC: &[u8] = b"application/grpc";

/// How an answer of ours will be read.
pub(crate) struct Reader {
    accept: Option<HeaderValue>,
    /// Nothing but the head may be sent; HTTP/2 relies on us for that.
    head_only: bool,
    /// It speaks gRPC, and reads nothing but its status.
    grpc: bool,
}

impl Reader {
    pub(crate) fn of(parts: &Parts) -> Self {
        Self::of_head(&parts.method, &parts.headers)
    }

    pub(crate) fn of_head(method: &Method, headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        // `application/grpc`, `application/grpc+proto`; gRPC-Web reads HTTP as everybody does.
        let grpc =
            kind.strip_prefix(GRPC).is_some_and(|rest| rest.first().is_none_or(|next| b"+;".contains(next)));
        Reader { accept: headers.get(ACCEPT).cloned(), head_only: *method == Method::HEAD, grpc }
    }

    /// A program of which no more is known.
    pub(crate) fn of_program() -> Self {
        Reader { accept: None, head_only: false, grpc: false }
    }

    /// The same reader behind a front, which asks by another method than its client.
    pub(crate) fn with_head_only(self, head_only: bool) -> Self {
        Reader { head_only, ..self }
    }

    /// Whether a person reads it, rather than a program.
    fn wants_page(&self) -> bool {
        let names_html = |accept: &HeaderValue| {
            accept.as_bytes().windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"))
        };
        self.accept.as_ref().is_some_and(names_html)
    }
}

/// Whether a browser goes to this address by itself, so that it can be sent to sign in and back again.
pub(crate) fn is_navigation(parts: &Parts) -> bool {
    let mode = parts.headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
    matches!(parts.method, Method::GET | Method::HEAD)
        && Reader::of(parts).wants_page()
        && mode.is_none_or(|mode| mode == b"navigate" || mode == b"nested-navigate")
}

/// The way to the sign-in page.
pub(crate) fn sign_in(location: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// How a problem looks as a page.
pub type Pages = dyn Fn(&Entry) -> String + Send + Sync;

/// How it looks as a page that a tenant's application is being worked on; the page asks again after so many seconds.
pub type MaintenancePage = dyn Fn(&Tenant, u32) -> String + Send + Sync;

/// A page asks again no sooner than this, in seconds, so that many that are open are no burden.
const SOONEST: u32 = 5;
/// And no later, because work may end before its time.
const LATEST: u32 = 30;

/// What every answer of ours carries.
const FIXED: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// How a program could authenticate (RFC 9110 section 15.5.2): by the session that signing in begins.
const CHALLENGE: &str = "Partywall sign-in=\"/.partywall/sign-in\"";

/// The same by a certificate, which is presented before anything is asked.
const BY_CERTIFICATE: &str = "Partywall client-certificate";

/// What a program is told about authenticating; API keys and tokens in the words of RFC 6750 section 3.
fn challenge(problem: Problem, status: u16) -> Option<&'static str> {
    match problem {
        problem::KEY_NEEDED | problem::KEY_EXCHANGE | problem::BEARER_NEEDED | problem::CREDENTIAL_KIND => {
            Some("Bearer")
        }
        problem::KEY_REFUSED
        | problem::BEARER_REFUSED
        | problem::BEARER_AUDIENCE
        | problem::BEARER_ENDED
        | problem::BEARER_EARLY
        | problem::BEARER_ISSUER
        | problem::BEARER_TENANT => Some("Bearer error=\"invalid_token\""),
        problem::BEARER_EXPIRED => {
            Some("Bearer error=\"invalid_token\", error_description=\"The token has expired\"")
        }
        problem::KEY_EXPIRED => {
            Some("Bearer error=\"invalid_token\", error_description=\"The API key has expired\"")
        }
        problem::CERTIFICATE_NEEDED
        | problem::CERTIFICATE_REFUSED
        | problem::CERTIFICATE_UNKNOWN
        | problem::CERTIFICATE_PURPOSE
        | problem::CERTIFICATE_EARLY
        | problem::CERTIFICATE_EXPIRED
        | problem::CERTIFICATE_REVOKED => Some(BY_CERTIFICATE),
        problem::SCOPE_MISSING => Some("Bearer error=\"insufficient_scope\""),
        _ => (status == 401).then_some(CHALLENGE),
    }
}

/// The answers, made once.
pub(crate) struct Refusals {
    prefix: String,
    texts: HashMap<Problem, Texts>,
    maintenance: Arc<MaintenancePage>,
}

struct Texts {
    page: Bytes,
    problem: Bytes,
}

impl Refusals {
    /// `prefix` begins the address of the pages that explain problems.
    pub(crate) fn new(settings: &Settings) -> Self {
        let (prefix, pages) = (settings.problems.clone(), &settings.pages);
        let text = |entry: &Entry| Texts {
            page: pages(entry).into(),
            problem: as_json(&prefix, entry, None).into(),
        };
        let texts = problem::ALL.iter().map(|problem| (*problem, text(problem.entry()))).collect();
        Refusals { prefix, texts, maintenance: settings.maintenance.clone() }
    }

    fn page(&self, no: &No, texts: &Texts) -> Bytes {
        match &no.worked_on {
            Some(work) => (self.maintenance)(&work.tenant, work.seconds.clamp(SOONEST, LATEST)).into(),
            None => texts.page.clone(),
        }
    }

    /// The answer.
    pub(crate) fn answer(&self, no: &No, reader: &Reader) -> Response<Body> {
        let (entry, texts) = (no.problem.entry(), &self.texts[&no.problem]);
        let (kind, text) = match &no.detail {
            _ if reader.wants_page() => ("text/html; charset=utf-8", self.page(no, texts)),
            None => ("application/problem+json", texts.problem.clone()),
            Some(detail) => ("application/problem+json", as_json(&self.prefix, entry, Some(detail)).into()),
        };
        let length = HeaderValue::from(text.len());
        let mut response = Response::new(if reader.head_only { Body::empty() } else { Body::full(text) });
        *response.status_mut() = StatusCode::from_u16(entry.status).expect("statuses of the catalogue");
        let headers = response.headers_mut();
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_LENGTH, length);
        if let Some(seconds) = entry.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(work) = &no.worked_on {
            headers.insert(RETRY_AFTER, HeaderValue::from(work.seconds.max(1)));
        }
        for (name, value) in no.headers.iter().flat_map(|more| more.iter()) {
            headers.insert(name, value.clone());
        }
        if let Some(challenge) = challenge(no.problem, entry.status) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if reader.grpc {
            return grpc::told(response, entry);
        }
        response
    }
}

fn as_json(prefix: &str, entry: &Entry, detail: Option<&str>) -> String {
    let mut members = json!({
        "type": format!("{prefix}{}", entry.code),
        "title": entry.title,
        "status": entry.status,
        "code": entry.code,
    });
    if let Some(detail) = detail {
        members["detail"] = detail.into();
    }
    members.to_string()
}

/// A plain page of maintenance, for when nobody handed in a better one.
pub(crate) fn plain_maintenance(seconds: u32) -> String {
    let page = plain_page(problem::MAINTENANCE.entry());
    page.replacen("<title>", &format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n<title>"), 1)
}

/// A plain page, for when nobody handed in a better one.
pub fn plain_page(entry: &Entry) -> String {
    let Entry { title, advice, code, .. } = entry;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p>{advice}</p>\n<p><small>{code}</small></p>\n</main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_could_betray_a_tenant_becomes_one_answer() {
        for refusal in
            [Refusal::NoTenantNamed, Refusal::NoSuchTenant, Refusal::Disagreement, Refusal::ForeignCredential]
        {
            assert_eq!(No::from(refusal).problem, problem::TENANT_UNKNOWN);
        }
    }

    #[test]
    fn only_what_a_browser_opens_by_itself_is_sent_to_sign_in() {
        let is_sent = |method: Method, fields: &[(&str, &str)]| {
            let mut request = http::Request::builder().method(method);
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            is_navigation(&request.body(()).unwrap().into_parts().0)
        };
        assert!(is_sent(Method::GET, &[("accept", "text/html,*/*")]));
        assert!(!is_sent(Method::POST, &[("accept", "text/html,*/*")]));
        assert!(!is_sent(Method::GET, &[("accept", "application/json")]));
        assert!(!is_sent(Method::GET, &[("accept", "text/html"), ("sec-fetch-mode", "cors")]));
    }
}
