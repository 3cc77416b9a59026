//! The authorization endpoint: an application sends somebody to sign in.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::Url;

use crate::provider::sign_in::Session;
use crate::provider::token::Code;
use crate::provider::{Application, CODE_LIFE, LOGIN_LIFE, Person, Shared, page, secret};

/// What an application asks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    response_mode: Option<String>,
    scope: String,
    state: Option<String>,
    nonce: Option<String>,
    prompt: Option<String>,
    login_hint: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// A question that has been found in order.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) application: Application,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    state: Option<String>,
}

/// A login page that waits for its answer.
pub(super) struct Login {
    pub(super) request: Request,
    until: i64,
}

/// Why the answer is no, as the specification names it.
struct No(&'static str, &'static str);

pub(super) async fn get(
    State(state): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    answer(&state, asked, &headers)
}

pub(super) async fn post(
    State(state): State<Shared>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    answer(&state, asked, &headers)
}

fn answer(state: &Shared, asked: Asked, headers: &HeaderMap) -> Response {
    let known = state.kept.lock().application(&asked.client_id).cloned();
    // Until both of these are sure, sending the browser anywhere would send it where a stranger chose.
    let Some(application) = known else {
        return stop(state, "The application that sent you is not known here.");
    };
    if application.redirect_uri != asked.redirect_uri {
        return stop(
            state,
            "The application asked to be answered at an address that is not registered for it.",
        );
    }
    let back = Back {
        issuer: &state.issuer,
        redirect_uri: &application.redirect_uri,
        state: asked.state.as_deref(),
    };
    match check(&asked) {
        Err(No(error, why)) => back.error(error, why),
        Ok(challenge) => {
            let request = Request {
                scope: asked.scope.clone(),
                nonce: asked.nonce.clone(),
                challenge: challenge.to_owned(),
                state: asked.state.clone(),
                application: application.clone(),
            };
            proceed(state, &asked, request, state.signed_in(headers), &back)
        }
    }
}

fn check(asked: &Asked) -> Result<&str, No> {
    if asked.response_type != "code" {
        return Err(No("unsupported_response_type", "only response_type=code is spoken here"));
    }
    if asked.response_mode.as_deref().is_some_and(|mode| mode != "query") {
        return Err(No("invalid_request", "only response_mode=query is spoken here"));
    }
    if !asked.scope.split(' ').any(|scope| scope == "openid") {
        return Err(No("invalid_scope", "the scope must contain openid"));
    }
    if asked.code_challenge_method.as_deref() != Some("S256") {
        return Err(No("invalid_request", "PKCE with code_challenge_method=S256 is required"));
    }
    let challenge = asked.code_challenge.as_deref().filter(|challenge| challenge.len() == 43);
    challenge.ok_or(No("invalid_request", "the code_challenge is no SHA-256"))
}

fn proceed(
    state: &Shared,
    asked: &Asked,
    request: Request,
    session: Option<Session>,
    back: &Back<'_>,
) -> Response {
    match (asked.prompt.as_deref(), session) {
        (Some("none"), Some(session)) => finish(state, &request, &session),
        (Some("none"), None) => back.error("login_required", "nobody is signed in here"),
        (Some("login"), _) => ask(state, request, None, asked.login_hint.as_deref()),
        (_, session) => ask(state, request, session, asked.login_hint.as_deref()),
    }
}

/// Shows the login page, and remembers what it is for.
fn ask(state: &Shared, request: Request, session: Option<Session>, hint: Option<&str>) -> Response {
    let now = state.now();
    let id = secret();
    let application = request.application.name.clone();
    let mut kept = state.kept.lock();
    kept.logins.retain(|_, login| login.until > now);
    kept.logins.insert(id.clone(), Login { request, until: now + LOGIN_LIFE });
    drop(kept);
    login_page(state, &id, &application, session, hint.unwrap_or_default(), None)
}

#[derive(Template)]
#[template(path = "provider/login.html")]
struct LoginPage<'a> {
    organisation: &'a str,
    trade: &'a str,
    application: &'a str,
    login: &'a str,
    email: &'a str,
    people: &'a [Person],
    signed_in: Option<&'a Person>,
    trouble: Option<&'a str>,
}

/// The page on which somebody says who they are.
pub(super) fn login_page(
    state: &Shared,
    login: &str,
    application: &str,
    session: Option<Session>,
    email: &str,
    trouble: Option<&str>,
) -> Response {
    let organisation = &state.organisation;
    let signed_in =
        session.and_then(|session| organisation.people.iter().find(|p| p.subject == session.subject));
    let status = if trouble.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    let shown = LoginPage {
        organisation: organisation.name,
        trade: organisation.trade,
        application,
        login,
        email,
        people: &organisation.people,
        signed_in,
        trouble,
    };
    page(status, &shown)
}

/// Takes up the login that a page was for, if it still waits.
pub(super) fn take_login(state: &Shared, id: &str) -> Option<Request> {
    let login = state.kept.lock().logins.remove(id)?;
    (login.until > state.now()).then_some(login.request)
}

/// Puts a login back, for another try at the password.
pub(super) fn return_login(state: &Shared, id: &str, request: Request) {
    let until = state.now() + LOGIN_LIFE;
    state.kept.lock().logins.insert(id.to_owned(), Login { request, until });
}

/// Sends the browser back to the application with a code.
pub(super) fn finish(state: &Shared, request: &Request, session: &Session) -> Response {
    let code = secret();
    let now = state.now();
    let kept = Code::new(request.clone(), session.clone(), now + CODE_LIFE);
    state.kept.lock().codes.insert(code.clone(), kept);
    let redirect_uri = &request.application.redirect_uri;
    Back { issuer: &state.issuer, redirect_uri, state: request.state.as_deref() }.with(&[("code", &code)])
}

/// The way back to the application. It always says who answers (RFC 9207) and repeats the state.
struct Back<'a> {
    issuer: &'a str,
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl Back<'_> {
    fn error(&self, error: &str, why: &str) -> Response {
        self.with(&[("error", error), ("error_description", why)])
    }

    fn with(&self, values: &[(&str, &str)]) -> Response {
        let Ok(mut url) = Url::parse(self.redirect_uri) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let state = self.state.map(|state| ("state", state));
        url.query_pairs_mut().extend_pairs(values).extend_pairs(state).append_pair("iss", self.issuer);
        Redirect::to(url.as_str()).into_response()
    }
}

#[derive(Template)]
#[template(path = "provider/stop.html")]
struct Stop<'a> {
    organisation: &'a str,
    trade: &'a str,
    why: &'a str,
}

/// Ends here, with a page of ours.
pub(super) fn stop(state: &Shared, why: &str) -> Response {
    let (organisation, trade) = (state.organisation.name, state.organisation.trade);
    page(StatusCode::BAD_REQUEST, &Stop { organisation, trade, why })
}
