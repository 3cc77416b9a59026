//! The door for programs that speak OAuth 2.0 (RFC 6749): a subscriber as the client, an API key as its secret, in HTTP
//! Basic and nowhere else. No cookie is looked at, so that nothing counts that a browser sends unasked; and what is
//! refused is told in the words that OAuth's libraries know.
//!
//! A key that is unknown, misspelt or another tenant's, a client of another name, and a tenant that is not there are one
//! answer.

use crate::{
    Limited, Problem, Web,
    allow::{note, note_actor},
    ask::origin_of,
    body::{MOST, is_of_type, parse_pairs, read},
    limit::{ClientAddress, Counted},
    program,
};
use access::{Credential, Permit, PresentedKey, Refusal, Resolved, TenantAction};
use axum::{
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use domain::{ApiKeyText, TenantId};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::net::IpAddr;

/// The holder of the API key that the request presents may do `A` at the tenant whose host it came to.
pub struct AllowKey<A: TenantAction>(pub Permit<A>);

/// A form as OAuth's clients send it: what is not known is passed over, and no hidden value is asked for.
pub struct ClientForm<T>(pub T);

/// A room that can read API keys.
pub trait ReadsKeys {
    /// The key as the warden takes it; none for a signed one that nobody here signed.
    fn present(&self, text: ApiKeyText<'_>) -> Option<PresentedKey>;
}

impl<S, A> FromRequestParts<S> for AllowKey<A>
where
    S: ReadsKeys + Send + Sync,
    A: TenantAction,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        note::<A>();
        let permit = by_key(parts, state).await.map_err(Problem::for_client)?;
        note_actor(permit.caller().actor());
        Ok(AllowKey(permit))
    }
}

impl<S, T> FromRequest<S> for ClientForm<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        is_of_type(&parts.headers, "application/x-www-form-urlencoded").map_err(Problem::for_client)?;
        let text = read(body, MOST).await.map_err(Problem::for_client)?;
        parse_pairs(&text).map(ClientForm).map_err(Problem::for_client)
    }
}

/// The one answer.
fn refused() -> Problem {
    Problem::new("key.refused")
}

async fn by_key<S, A>(parts: &Parts, state: &S) -> Result<Permit<A>, Problem>
where
    S: ReadsKeys,
    A: TenantAction,
    Web: FromRef<S>,
{
    let (web, origin) = (Web::from_ref(state), origin_of(parts)?);
    let (client, secret) = basic(&parts.headers)?;
    let text = ApiKeyText::parse(&secret).ok_or_else(refused)?;
    let address = parts.extensions.get::<ClientAddress>().map(|ClientAddress(address)| *address);
    let address =
        address.ok_or_else(|| Problem::internal("a request reached a route without its address"))?;
    let key = state.present(text).ok_or_else(refused)?;
    guard_guesses(&web, &key, address).await?;
    // Where there is no tenant, the way is the same to the end: nobody's id is nobody's.
    let here = parts.extensions.get::<Resolved>().map(|at| at.tenant().record.id);
    let here = here.unwrap_or(TenantId::from_bits(0));
    let permit = web.warden.permit_at::<A>(here, &Credential::Key(key), origin).await;
    let permit = permit.map_err(|refusal| match refusal {
        Refusal::ForeignCredential | Refusal::NoSuchTenant => refused(),
        told => told.into(),
    })?;
    let holder = permit.caller().key().ok_or_else(refused)?;
    if client != holder.subscriber.to_string() {
        return Err(refused());
    }
    if !holder.may_come_from(address) {
        return Err(Problem::new("key.network"));
    }
    if permit.caller().tenant().is_some_and(|tenant| !tenant.record.may_come_from(address)) {
        return Err(Problem::new("address.refused"));
    }
    Ok(permit)
}

/// Whoever guesses is stopped before the database hears of the next guess.
async fn guard_guesses(web: &Web, key: &PresentedKey, address: IpAddr) -> Result<(), Problem> {
    let who = Counted::Address(address);
    if !web.throttle.has_left(Limited::KeyGuess, who) {
        // Says after how long the next is allowed.
        web.throttle.check(Limited::KeyGuess, who)?;
    }
    match web.warden.holder(key).await {
        Err(Refusal::KeyRefused) => {
            let _ = web.throttle.check(Limited::KeyGuess, who);
            Err(refused())
        }
        // What else may be wrong with a key is told at its own tenant alone.
        _ => Ok(()),
    }
}

/// Name and password of HTTP Basic, each written as in a form (RFC 6749 section 2.3.1).
fn basic(headers: &HeaderMap) -> Result<(String, String), Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Problem::new("credential.several"));
    }
    let needed = || Problem::new("key.needed").detail("Send the subscriber's id and the key by HTTP Basic.");
    let value = first.ok_or_else(needed)?;
    program::basic(value).ok_or_else(needed)
}

/// The text without its escapes. Neither ids nor keys hold anything that would part a form.
pub(crate) fn spelled_out(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// The problem as OAuth's clients read it (RFC 6749 section 5.2).
pub(crate) fn refusal(problem: &Problem, api: &str) -> Response {
    let words = problem.more().unwrap_or(problem.title());
    let told = json!({
        "error": error(problem.code(), problem.status().is_server_error()),
        "error_description": plain(words),
        "error_uri": format!("{api}/problems/{}", problem.code()),
        "code": problem.code(),
    });
    let mut response = problem.respond("application/json", told.to_string().into_bytes());
    // Libraries read the standard's statuses, and no finer ones.
    if !matches!(response.status().as_u16(), 401 | 429 | 500..) {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    let headers = response.headers_mut();
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if headers.contains_key(header::WWW_AUTHENTICATE) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"partywall\""));
    }
    response
}

/// The standard's word for it. What may be tried again says so by its status and its `Retry-After`.
fn error(code: &str, is_ours: bool) -> &'static str {
    match code {
        "key.needed" | "key.refused" | "key.expired" => "invalid_client",
        "key.network" | "address.refused" => "unauthorized_client",
        "exchange.grant" => "unsupported_grant_type",
        "exchange.scope" => "invalid_scope",
        "exchange.resource" => "invalid_target",
        "limit.exceeded" | "node.out-of-touch" | "tenant.maintenance" | "tenant.closed"
        | "store.unavailable" => "temporarily_unavailable",
        _ if is_ours => "server_error",
        _ => "invalid_request",
    }
}

/// The letters that a description may hold.
fn plain(words: &str) -> String {
    let allowed = |letter: char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    words.chars().map(|letter| if allowed(letter) { letter } else { '\'' }).collect()
}
