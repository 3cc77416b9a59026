//! The answer to the login page: an address and a password, or the session that is there already.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::provider::authorize::{Request, finish, login_page, return_login, stop, take_login};
use crate::provider::{Shared, secret};

/// Somebody signed in at the provider itself.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) subject: &'static str,
    pub(super) signed_in_at: i64,
    pub(super) id: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Answer {
    login: String,
    email: String,
    password: String,
    r#continue: String,
}

pub(super) async fn submit(
    State(state): State<Shared>,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Response {
    let Some(request) = take_login(&state, &answer.login) else {
        return stop(&state, "This login page is too old. Go back to the application and begin again.");
    };
    if answer.r#continue == "yes" {
        return match state.signed_in(&headers) {
            Some(session) => finish(&state, &request, &session),
            None => again(&state, &answer, request, "You are no longer signed in here."),
        };
    }
    let person = state.organisation.person(&answer.email);
    match person.filter(|person| person.password == answer.password) {
        Some(person) => {
            let subject = person.subject;
            let session = Session { subject, signed_in_at: state.now(), id: secret()[..16].to_owned() };
            welcome(&state, &request, session)
        }
        None => again(&state, &answer, request, "That e-mail and password do not belong together."),
    }
}

fn welcome(state: &Shared, request: &Request, session: Session) -> Response {
    let id = secret();
    let cookie = format!("{}={id}; Path=/; HttpOnly; SameSite=Lax", state.cookie_name());
    let response = finish(state, request, &session);
    state.kept.lock().sessions.insert(id, session);
    ([(header::SET_COOKIE, cookie)], response).into_response()
}

fn again(state: &Shared, answer: &Answer, request: Request, trouble: &str) -> Response {
    let application = request.application.name.clone();
    return_login(state, &answer.login, request);
    login_page(state, &answer.login, &application, None, &answer.email, Some(trouble))
}
