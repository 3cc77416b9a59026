//! What a request presents, read only where it belongs: a tenant's session at that tenant's host, a
//! person's at `id.` or in the console, an operator token at the API, in the console and over the socket.
//!
//! Where a token comes beside a cookie or over the socket, the token wins: it was sent on purpose, and it
//! can do no more than it says. A bearer credential that is no operator token is refused rather than
//! passed over, so that a script never runs as somebody it did not mean.

use crate::{
    HostKind, Problem, Web, cookie,
    shared::{SharedHost, cookie_name},
};
use access::{Cookie, Credential, HostOf};
use axum::http::{HeaderMap, header, request::Parts};
use domain::{Digest, Secret};

/// A credential and how it came.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The credential, not yet believed.
    pub credential: Credential,
    /// Whether the request may have been sent by a browser on its own, cookie and all.
    pub by_browser: bool,
}

impl Presented {
    /// The hash of the session's id, where a session cookie was presented.
    pub fn session(&self) -> Option<Digest> {
        match self.credential {
            Credential::Session(Cookie::Tenant { digest, .. } | Cookie::Person { digest, .. }) => {
                Some(digest)
            }
            _ => None,
        }
    }
}

/// Which host this request came to.
///
/// # Errors
/// `internal` where nobody said so: then no credential may be read at all.
pub fn host_of(parts: &Parts) -> Result<HostKind, Problem> {
    parts
        .extensions
        .get::<HostKind>()
        .copied()
        .ok_or_else(|| Problem::internal("a request reached a route before its host was known"))
}

/// The credential that the request presents.
///
/// # Errors
/// `credential.invalid` for an `Authorization` header that holds no operator token.
pub fn presented(parts: &Parts, web: &Web) -> Result<Presented, Problem> {
    let kind = host_of(parts)?;
    if kind.reads_tokens()
        && let Some(token) = token_in(&parts.headers)?
    {
        return Ok(Presented { credential: Credential::OperatorToken(token), by_browser: false });
    }
    let credential = match kind {
        HostKind::Socket => Credential::Socket,
        HostKind::Api => Credential::None,
        HostKind::Id | HostKind::Console | HostKind::Tenant => {
            cookie_in(parts, kind, web).map_or(Credential::None, Credential::Session)
        }
    };
    Ok(Presented { credential, by_browser: kind.reads_cookies() })
}

fn cookie_in(parts: &Parts, kind: HostKind, web: &Web) -> Option<Cookie> {
    let (headers, jar, now) = (&parts.headers, web.jar(), web.clock.now());
    match kind {
        HostKind::Id => web.cookies.read_person("id", &jar.read(headers, cookie::PERSON)?, now),
        HostKind::Console => web.cookies.read_person("console", &jar.read(headers, cookie::CONSOLE)?, now),
        HostKind::Tenant => {
            let shared = parts.extensions.get::<SharedHost>().map(|shared| shared.tenant);
            let host = if shared.is_some() { HostOf::Several } else { HostOf::Tenant };
            web.cookies.read_tenant(host, &jar.read(headers, &cookie_name(cookie::SESSION, shared))?, now)
        }
        HostKind::Api | HostKind::Socket => None,
    }
}

fn token_in(headers: &HeaderMap) -> Result<Option<Secret<String>>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let one = values.next().is_none();
    value
        .to_str()
        .ok()
        .filter(|_| one)
        .and_then(operator_token)
        .map(|token| Some(Secret::new(token.to_owned())))
        .ok_or_else(|| Problem::new("credential.invalid"))
}

/// `Bearer pwo_` and 43 characters of base64url.
fn operator_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let secret = token.strip_prefix("pwo_")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (scheme.eq_ignore_ascii_case("bearer") && secret.len() == 43 && secret.bytes().all(plain))
        .then_some(token)
}
