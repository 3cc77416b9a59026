//! What the provider says about a person.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::provider::{Organisation, Shared};

/// What an access token opens.
pub(super) struct Access {
    pub(super) subject: &'static str,
    pub(super) scope: String,
    pub(super) until: i64,
}

pub(super) async fn get(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let kept = state.kept.lock();
    let access =
        bearer.and_then(|token| kept.access_tokens.get(token)).filter(|access| access.until > state.now());
    match access {
        Some(access) => Json(about(&state.organisation, access.subject, &access.scope)).into_response(),
        None => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")])
            .into_response(),
    }
}

/// The claims about a person that the scopes ask for.
pub(super) fn about(organisation: &Organisation, subject: &str, scope: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(subject));
    let Some(person) = organisation.people.iter().find(|person| person.subject == subject) else {
        return claims;
    };
    let asks_for = |wanted: &str| scope.split(' ').any(|scope| scope == wanted);
    if asks_for("profile") {
        claims.insert("name".to_owned(), json!(person.name()));
        claims.insert("given_name".to_owned(), json!(person.given_name));
        claims.insert("family_name".to_owned(), json!(person.family_name));
        claims.insert("preferred_username".to_owned(), json!(person.email));
    }
    if asks_for("email") {
        claims.insert("email".to_owned(), json!(person.email));
        claims.insert("email_verified".to_owned(), json!(true));
    }
    claims
}
