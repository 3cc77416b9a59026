//! The one place where a no becomes an answer.
//!
//! A tenant that is unknown, foreign or without a published sign-in page gets the same bytes, whatever
//! the reason was. So these answers hold nothing of the request but the kind of text that was asked for.

use crate::{
    body::Body,
    problem::{self, Problem},
};
use access::Refusal;
use bytes::Bytes;
use domain::Standing;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
    },
};
use serde_json::json;
use std::collections::HashMap;

/// Why a request goes no further, with what the client may be told beyond the problem's own words.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) problem: &'static Problem,
    pub(crate) detail: Option<String>,
}

impl No {
    pub(crate) fn because(problem: &'static Problem) -> Self {
        No { problem, detail: None }
    }

    pub(crate) fn with(problem: &'static Problem, detail: String) -> Self {
        No { problem, detail: Some(detail) }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        No::because(match refusal {
            Refusal::NoTenantNamed
            | Refusal::NoSuchTenant
            | Refusal::Disagreement
            | Refusal::ForeignCredential => &problem::TENANT_UNKNOWN,
            Refusal::Closed(Standing::Maintenance | Standing::Moving) => &problem::MAINTENANCE,
            Refusal::Closed(Standing::ReadOnly) => &problem::READ_ONLY,
            Refusal::Closed(_) => &problem::CLOSED,
            Refusal::SignInNeeded | Refusal::BadCredential => &problem::SESSION_NEEDED,
            Refusal::NotAllowed | Refusal::ReasonNeeded => &problem::FORBIDDEN,
            Refusal::OutOfTouch => &problem::OUT_OF_TOUCH,
        })
    }
}

/// What kind of text a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A page for a person.
    Page,
    /// A problem for a program.
    Problem,
}

impl Wants {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::of_accept(headers.get(ACCEPT))
    }

    pub(crate) fn of_accept(accept: Option<&HeaderValue>) -> Self {
        let page = accept.is_some_and(|accept| {
            accept.as_bytes().windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"))
        });
        if page { Wants::Page } else { Wants::Problem }
    }
}

/// Whether a browser goes to this address by itself, so that it can be sent to sign in and back again.
pub(crate) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
    matches!(*method, Method::GET | Method::HEAD)
        && Wants::of(headers) == Wants::Page
        && mode.is_none_or(|mode| mode == b"navigate" || mode == b"nested-navigate")
}

/// How a problem looks as a page.
pub type Pages = dyn Fn(&Problem) -> String + Send + Sync;

/// The answers, made once.
pub(crate) struct Refusals {
    prefix: String,
    texts: HashMap<&'static str, Texts>,
}

struct Texts {
    page: Bytes,
    problem: Bytes,
}

impl Refusals {
    /// `prefix` begins the address of the pages that explain problems.
    pub(crate) fn new(prefix: String, pages: &Pages) -> Self {
        let text = |problem: &Problem| Texts {
            page: pages(problem).into(),
            problem: as_json(&prefix, problem, None).into(),
        };
        let texts = problem::ALL.iter().map(|problem| (problem.code, text(problem))).collect();
        Refusals { prefix, texts }
    }

    /// The answer.
    pub(crate) fn answer(&self, no: &No, wants: Wants) -> Response<Body> {
        let texts = &self.texts[no.problem.code];
        let (kind, text) = match (wants, &no.detail) {
            (Wants::Page, _) => ("text/html; charset=utf-8", texts.page.clone()),
            (Wants::Problem, None) => ("application/problem+json", texts.problem.clone()),
            (Wants::Problem, Some(detail)) => {
                ("application/problem+json", as_json(&self.prefix, no.problem, Some(detail)).into())
            }
        };
        let mut response = Response::new(Body::full(text));
        *response.status_mut() = StatusCode::from_u16(no.problem.status).expect("statuses of the catalogue");
        let mut set = |name: HeaderName, value| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        set(CONTENT_TYPE, kind);
        set(CACHE_CONTROL, "no-store");
        set(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
        );
        if let Some(seconds) = no.problem.retry_after() {
            set(RETRY_AFTER, seconds);
        }
        if no.problem.status == 401 {
            set(WWW_AUTHENTICATE, "Partywall sign-in=\"/.partywall/sign-in\"");
        }
        response
    }

    /// The way to the sign-in page.
    pub(crate) fn sign_in(&self, location: HeaderValue) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(LOCATION, location);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn as_json(prefix: &str, problem: &Problem, detail: Option<&str>) -> String {
    let mut members = json!({
        "type": format!("{prefix}{}", problem.code),
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
    });
    members["detail"] = detail.unwrap_or(problem.advice).into();
    members.to_string()
}

/// A plain page, for when nobody handed in a better one.
pub fn plain_page(problem: &Problem) -> String {
    let Problem { title, advice, code, .. } = problem;
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
            assert_eq!(No::from(refusal).problem, &problem::TENANT_UNKNOWN);
        }
    }

    #[test]
    fn no_two_answers_share_a_code() {
        let mut codes: Vec<_> = problem::ALL.iter().map(|problem| problem.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), problem::ALL.len());
    }

    #[test]
    fn only_what_a_browser_opens_by_itself_is_sent_to_sign_in() {
        let headers = |fields: &[(&'static str, &'static str)]| -> HeaderMap {
            fields
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect()
        };
        let page = headers(&[("accept", "text/html,*/*")]);
        assert!(is_navigation(&Method::GET, &page));
        assert!(!is_navigation(&Method::POST, &page));
        assert!(!is_navigation(&Method::GET, &headers(&[("accept", "application/json")])));
        assert!(!is_navigation(
            &Method::GET,
            &headers(&[("accept", "text/html"), ("sec-fetch-mode", "cors")])
        ));
    }
}
