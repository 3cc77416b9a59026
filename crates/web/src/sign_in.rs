//! The way to a sign-in page, and the cookie that binds the hand-over back to this very browser.
//!
//! A hand-over code alone must not begin a session: a stranger who has one could plant it on a victim.
//! So before leaving, the host where the session will be sets `pw_bind`, and its hash travels along.

use crate::{HostKind, SharedHost, Web, cookie, wants};
use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{Chance, Digest, ReturnPath, TenantId};
use std::time::Duration;

/// For whom a sign-in is: the value of `for` in its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// A tenant's host.
    Tenant,
    /// The console.
    Console,
}

impl For {
    /// As it stands in the address.
    pub const fn name(self) -> &'static str {
        match self {
            For::Tenant => "tenant",
            For::Console => "console",
        }
    }
}

/// How long a hand-over may take, from leaving to coming back.
const BINDING: Duration = Duration::from_secs(15 * 60);

/// What binds a hand-over to a browser: the cookie to set, and the hash that travels.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The hash, for the `bind` of the address.
    pub hash: Digest,
    /// The `Set-Cookie`.
    pub cookie: HeaderValue,
}

impl Binding {
    /// The binding that this browser has under `name`, kept so that two tabs do not undo each other, or a new
    /// one.
    pub fn of(headers: &HeaderMap, jar: cookie::Jar, name: &str, chance: &Chance) -> Self {
        let kept = jar.read(headers, name).filter(|value| binding_hash(value).is_some());
        let value = kept.unwrap_or_else(|| chance.token());
        Binding {
            hash: binding_hash(&value).expect("a token is a binding"),
            cookie: jar.set(name, &value, Some(BINDING)),
        }
    }

    /// Whether the browser that comes back is the one that left with `hash`.
    pub fn holds(headers: &HeaderMap, jar: cookie::Jar, name: &str, hash: &Digest) -> bool {
        jar.read(headers, name).and_then(|value| binding_hash(&value)).is_some_and(|held| held == *hash)
    }
}

fn binding_hash(value: &str) -> Option<Digest> {
    Digest::parse(value).map(|token| Digest::of_parts(&[b"partywall bind\n", token.bytes()]))
}

/// The address of a tenant's sign-in page, or of the central entry page where the tenant is not known.
pub fn link(web: &Web, tenant: Option<TenantId>, whither: For, back: &ReturnPath, bind: &Digest) -> String {
    let path = tenant.map_or("/".to_owned(), |tenant| format!("/t/{tenant}/sign-in"));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("for", whither.name())
        .append_pair("return", back.as_str())
        .append_pair("bind", &bind.to_string())
        .finish();
    format!("{}{path}?{query}", web.hosts.id)
}

/// The redirect to the sign-in page, for somebody who opens a page; none for everything else.
pub(crate) fn leave(parts: &Parts, web: &Web, kind: HostKind, tenant: Option<TenantId>) -> Option<Response> {
    if !wants::page(parts) || parts.method != Method::GET {
        return None;
    }
    // A piece of a page cannot follow a redirect to another host; the whole page can, once it is loaded anew.
    if parts.headers.contains_key("hx-request") {
        return Some((StatusCode::UNAUTHORIZED, [("hx-refresh", "true")]).into_response());
    }
    let back = here(parts);
    match kind {
        HostKind::Console => {
            let binding = Binding::of(&parts.headers, web.jar(), cookie::BIND, &web.chance);
            let to = link(web, tenant, For::Console, &back, &binding.hash);
            let mut response = see_other(&to);
            response.headers_mut().append(header::SET_COOKIE, binding.cookie);
            Some(response)
        }
        HostKind::Tenant => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            match parts.extensions.get::<SharedHost>() {
                // Back to the tenant's front page: what is ours there is no tenant's part of the host.
                Some(shared) => query.append_pair("tenant", &shared.tenant.to_string()),
                None => query.append_pair("return", back.as_str()),
            };
            Some(see_other(&format!("/.partywall/sign-in?{}", query.finish())))
        }
        HostKind::Id if parts.uri.path() != "/" => Some(see_other("/")),
        HostKind::Id | HostKind::Api | HostKind::Socket => None,
    }
}

/// A 303 to an address that was put together here.
///
/// # Panics
/// For an address with characters that no header may hold; ours are percent-encoded.
pub fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).expect("an address of ours is percent-encoded");
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// Where the reader is, to come back to; the front page where that does not fit into an address.
fn here(parts: &Parts) -> ReturnPath {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    path.parse::<ReturnPath>()
        .ok()
        .filter(|path| path.as_str().len() <= 1_000)
        .unwrap_or_else(ReturnPath::root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_the_browser_that_left_may_come_back() {
        let (jar, chance) = (cookie::Jar::new(true), Chance::system());
        let binding = Binding::of(&HeaderMap::new(), jar, cookie::BIND, &chance);
        let sent = binding.cookie.to_str().expect("ASCII").split(';').next();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(sent.expect("a pair")).expect("a header"));
        assert!(Binding::holds(&headers, jar, cookie::BIND, &binding.hash));
        assert!(!Binding::holds(&HeaderMap::new(), jar, cookie::BIND, &binding.hash));
        assert!(!Binding::holds(&headers, jar, "pw_bind_tnt_x", &binding.hash));
        assert!(!Binding::holds(&headers, jar, cookie::BIND, &Digest::of(b"another")));
    }

    #[test]
    fn two_tabs_that_leave_at_once_share_their_binding() {
        let (jar, chance) = (cookie::Jar::new(false), Chance::system());
        let mut headers = HeaderMap::new();
        let value = format!("pw_bind={}", chance.token());
        headers.insert(header::COOKIE, HeaderValue::from_str(&value).expect("a header"));
        let first = Binding::of(&headers, jar, cookie::BIND, &chance);
        let second = Binding::of(&headers, jar, cookie::BIND, &chance);
        assert_eq!(first.hash, second.hash);
        headers.insert(header::COOKIE, HeaderValue::from_static("pw_bind=chosen-by-me"));
        assert_ne!(Binding::of(&headers, jar, cookie::BIND, &chance).hash, first.hash);
    }
}
