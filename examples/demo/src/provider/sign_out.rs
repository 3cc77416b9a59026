//! The end of a session at the provider: OpenID Connect RP-Initiated Logout 1.0.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jsonwebtoken::dangerous::insecure_decode;
use serde::Deserialize;
use url::Url;

use crate::provider::{Application, Shared, page};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    id_token_hint: Option<String>,
    client_id: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

#[derive(Template)]
#[template(path = "provider/goodbye.html")]
struct Goodbye<'a> {
    organisation: &'a str,
    trade: &'a str,
}

pub(super) async fn get(
    State(state): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    end(&state, &asked, &headers)
}

pub(super) async fn post(
    State(state): State<Shared>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    end(&state, &asked, &headers)
}

fn end(state: &Shared, asked: &Asked, headers: &HeaderMap) -> Response {
    if let Some(session) = state.signed_in(headers) {
        state.kept.lock().sessions.retain(|_, other| other.id != session.id);
    }
    let cookie = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", state.cookie_name());
    let (organisation, trade) = (state.organisation.name, state.organisation.trade);
    let answer =
        way_back(state, asked).unwrap_or_else(|| page(StatusCode::OK, &Goodbye { organisation, trade }));
    ([(header::SET_COOKIE, cookie)], answer).into_response()
}

/// Back to the application, if it is one of ours and asks to be returned to a place of its own.
fn way_back(state: &Shared, asked: &Asked) -> Option<Response> {
    let address = asked.post_logout_redirect_uri.as_deref()?;
    let application = application(state, asked)?;
    if !application.may_end_at(address) {
        return None;
    }
    let mut url = Url::parse(address).ok()?;
    if let Some(state) = &asked.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    Some(Redirect::to(url.as_str()).into_response())
}

fn application(state: &Shared, asked: &Asked) -> Option<Application> {
    let client_id = asked.client_id.clone().or_else(|| audience(asked.id_token_hint.as_deref()?))?;
    state.kept.lock().application(&client_id).cloned()
}

/// The hint only says which application asks. Nothing is given to it, so it need not be proved.
fn audience(hint: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        aud: String,
    }
    insecure_decode::<Claims>(hint).ok().map(|token| token.claims.aud)
}
