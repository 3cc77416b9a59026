//! The door at `id.` for programs that speak OAuth 2.0 to it: a form, an answer in JSON, and no cookie looked at, so
//! that nothing counts that a browser sends unasked. Who the program is, and which tenant it means, stands in what it
//! sends; the room reads both, because only it knows applications and what they were given.

use crate::{
    Problem, Web,
    allow::{note, note_actor},
    ask::origin_of,
    body::{MOST, is_of_type, read},
    client::spelled_out,
    limit::ClientAddress,
    open::Reason,
};
use access::{Credential, Origin, Permit, Refusal, TenantAction};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Uri};
use axum::{
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Digest, TenantId};
use std::{future::Future, marker::PhantomData, net::IpAddr};

/// What a program sends.
#[derive(Debug)]
pub struct Sent {
    /// The verb.
    pub method: Method,
    /// The address.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// What `server` found out about the connection.
    pub extensions: Extensions,
    /// The fields of the form, in order.
    pub fields: Vec<(String, String)>,
    /// The request, for the audit trail.
    pub origin: Origin,
    /// Where it comes from.
    pub address: IpAddr,
}

/// What a program asks, as the room reads it: who it is, and at which tenant.
pub trait Asks<S>: Sized + Send {
    /// What names the tenant, for the list of routes.
    const WHERE: &'static str;

    /// Reads it. A refusal is in the words of OAuth.
    fn read(sent: Sent, state: &S) -> impl Future<Output = Result<Self, Response>> + Send;

    /// The tenant that it names; nobody's where it names none.
    fn tenant(&self) -> TenantId;

    /// How a refusal at that tenant reads.
    fn refuse(refusal: Refusal) -> Response;
}

/// Whoever sends this may do `A` at the tenant that it names. A handler takes nothing else.
pub struct AllowProgram<A: TenantAction, V>(pub Permit<A>, pub V);

/// Anybody may send this, for the reason `R`: it names no tenant, or not yet.
pub struct OpenProgram<R: Reason, S> {
    /// What was sent.
    pub sent: Sent,
    /// The room.
    pub state: S,
    reason: PhantomData<fn() -> R>,
}

impl<S, A, V> FromRequest<S> for AllowProgram<A, V>
where
    S: Send + Sync,
    A: TenantAction,
    V: Asks<S>,
    Web: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        note::<A>();
        let web = Web::from_ref(state);
        let sent = take_in(request).await.map_err(|problem| problem.for_client().into_response())?;
        let origin = sent.origin;
        let asked = V::read(sent, state).await?;
        let tenant = asked.tenant();
        tracing::Span::current().record("tenant", tracing::field::display(tenant));
        let permit = web.warden.permit_at::<A>(tenant, &Credential::None, origin).await.map_err(V::refuse)?;
        note_actor(permit.caller().actor());
        Ok(AllowProgram(permit, asked))
    }
}

impl<S, R> FromRequest<S> for OpenProgram<R, S>
where
    S: Clone + Send + Sync,
    R: Reason,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let sent = take_in(request).await.map_err(|problem| problem.for_client().into_response())?;
        Ok(OpenProgram { sent, state: state.clone(), reason: PhantomData })
    }
}

/// The certificate that the program's connection has shown: the SHA-256 hash of it.
#[derive(Clone, Copy, Debug)]
pub struct ShownCertificate(pub Digest);

/// Name and secret of HTTP Basic, each written as in a form (RFC 6749 section 2.3.1).
pub fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = BASE64_STANDARD.decode(rest.trim()).ok().and_then(|pair| String::from_utf8(pair).ok())?;
    let (name, secret) = pair.split_once(':')?;
    Some((spelled_out(name), spelled_out(secret)))
}

async fn take_in(request: Request) -> Result<Sent, Problem> {
    let (parts, body) = request.into_parts();
    let origin = origin_of(&parts)?;
    let address = parts.extensions.get::<ClientAddress>().map(|ClientAddress(address)| *address);
    let address =
        address.ok_or_else(|| Problem::internal("a request reached a route without its address"))?;
    let fields = if parts.method == Method::POST {
        let text = read(body, MOST).await?;
        if !text.is_empty() {
            is_of_type(&parts.headers, "application/x-www-form-urlencoded")?;
        }
        url::form_urlencoded::parse(&text).into_owned().collect()
    } else {
        Vec::new()
    };
    let (method, uri, headers, extensions) = (parts.method, parts.uri, parts.headers, parts.extensions);
    Ok(Sent { method, uri, headers, extensions, fields, origin, address })
}
