//! What applications must know of us (OpenID Connect Discovery 1.0, RFC 8414), so that nobody configures it by hand.

use crate::Identity;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use protocol::application_token::WORDS;
use serde_json::{Value, json};
use web::{Open, Routes, Surface, open::ServerMetadata};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/.well-known/openid-configuration", publish)
        .says("What OpenID Connect's clients must know of us.")
        .get("/.well-known/oauth-authorization-server", publish)
        .says("What OAuth's clients must know of us.")
}

/// For how long a client may keep it, in seconds.
const KEEP: &str = "public, max-age=300";

async fn publish(_: Open<ServerMetadata>, State(room): State<Identity>) -> Response {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static(KEEP)),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, Json(document(&room))).into_response()
}

fn document(room: &Identity) -> Value {
    let issuer = room.web.hosts.id.origin();
    let at = |path: &str| format!("{issuer}{path}");
    let known = room.known_scopes.load();
    let scopes: Vec<&str> = WORDS.into_iter().chain(known.iter().map(AsRef::as_ref)).collect();
    let algorithms = ["ES256", "ES384", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "introspection_endpoint": at("/oauth/introspect"),
        "revocation_endpoint": at("/oauth/revoke"),
        "pushed_authorization_request_endpoint": at("/oauth/par"),
        "end_session_endpoint": at("/oauth/logout"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "sid", "tenant", "name",
            "email", "roles"
        ],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "revocation_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "dpop_signing_alg_values_supported": algorithms,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
    })
}
