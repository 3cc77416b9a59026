//! The token endpoint at a tenant's host (RFC 6749 section 4.4): the client is a subscriber, its secret is an API key.

use super::exchange;
use crate::Identity;
use access::ExchangeKey;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use protocol::access_token::audience;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{AllowKey, ClientForm, Json, Problem, Routes, Surface};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Tenant)
        .post("/.partywall/token", post)
        .says("Exchanges an API key for a token that is good for a few minutes.")
        .takes::<TokenRequest>()
        .answers::<Token>(200)
}

/// What a client asks for (RFC 6749 section 4.4.2). Parameters that are not known are passed over, as the standard
/// says.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenRequest {
    /// `client_credentials`.
    #[serde(default)]
    grant_type: String,
    /// What the token is to be good for, of what the key is good for; all of that if nothing is said.
    #[serde(default)]
    scope: String,
    /// Whom the token is for (RFC 8707); if it is given, what the token would say anyway.
    resource: Option<String>,
    /// A second way to prove oneself is refused, whatever it holds.
    client_secret: Option<String>,
    /// The same.
    client_assertion: Option<String>,
}

/// The answer (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    /// The token.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds it is good.
    expires_in: u64,
    /// What it is good for.
    scope: String,
}

async fn post(
    AllowKey(permit): AllowKey<ExchangeKey>,
    State(room): State<Identity>,
    ClientForm(asked): ClientForm<TokenRequest>,
) -> Result<Response, Problem> {
    let no = |problem: Problem| Err(problem.for_client());
    if asked.client_secret.is_some() || asked.client_assertion.is_some() {
        return no(Problem::new("credential.several"));
    }
    match asked.grant_type.as_str() {
        "client_credentials" => {}
        "" => return no(Problem::new("input.invalid").detail("The parameter grant_type is missing.")),
        _ => return no(Problem::new("exchange.grant")),
    }
    let whom = audience(room.web.hosts.id.origin(), permit.tenant_id());
    if asked.resource.is_some_and(|resource| resource != whom) {
        return no(Problem::new("exchange.resource"));
    }
    let issued = exchange(&room, &permit, &asked.scope).map_err(|why| Problem::from(why).for_client())?;
    let scopes: Vec<&str> = issued.scopes.iter().map(AsRef::as_ref).collect();
    let token = Token {
        access_token: issued.text,
        token_type: "Bearer",
        expires_in: issued.life.as_secs(),
        scope: scopes.join(" "),
    };
    // That nobody keeps it is said of every answer of ours; of these also in the words of HTTP/1.0.
    let forgotten = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
    Ok((forgotten, Json(token)).into_response())
}
