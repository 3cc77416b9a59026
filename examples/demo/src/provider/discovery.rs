//! What the provider says about itself.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

use crate::provider::{Organisation, Shared, page};

/// OpenID Connect Discovery 1.0.
pub(super) async fn metadata(State(state): State<Shared>) -> Json<Value> {
    let issuer = state.issuer.trim_end_matches('/');
    Json(json!({
        "issuer": state.issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "jwks_uri": format!("{issuer}/keys"),
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [state.organisation.algorithm.name()],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "name", "given_name", "family_name", "preferred_username", "email", "email_verified", "auth_time"],
        "prompt_values_supported": ["none", "login"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }))
}

pub(super) async fn keys(State(state): State<Shared>) -> Json<JwkSet> {
    Json(state.key.published())
}

/// The stylesheet in the organisation's colours.
pub(super) async fn style(State(state): State<Shared>) -> impl IntoResponse {
    let (light, dark) = state.organisation.colours;
    let text = include_str!("provider.css").replace("BRAND_LIGHT", light).replace("BRAND_DARK", dark);
    ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "max-age=300")], text)
}

#[derive(Template)]
#[template(path = "provider/front.html")]
struct Front<'a> {
    organisation: &'a str,
    trade: &'a str,
    issuer: &'a str,
    whole: &'a Organisation,
}

pub(super) async fn front(State(state): State<Shared>) -> Response {
    let whole = &state.organisation;
    let front = Front { organisation: whole.name, trade: whole.trade, issuer: &state.issuer, whole };
    page(StatusCode::OK, &front)
}
