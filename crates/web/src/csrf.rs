//! Forged requests: a write that a browser sends must come from a page of the very same origin. Sibling
//! tenants share our site and are strangers, so same-site is not enough.
//!
//! Two things are asked. The browser's own word (`Sec-Fetch-Site`, or `Origin` from browsers that do not
//! send it) is asked of every write at a host where cookies are read, signed in or not: signing a victim
//! in as somebody else is a forgery too. A form must moreover carry the hidden value `csrf`, which is
//! bound to the session; [`crate::Form`] asks for it. Scripts with a token and the machine's socket send
//! nothing by themselves and are exempt.

use crate::{HostKind, Hosts};
use axum::http::{Method, Uri, header, request::Parts};
use domain::{Digest, digest::MacKey};

/// The name of the hidden field.
pub const FIELD: &str = "csrf";

/// The key under which forms' hidden values are made.
#[derive(Clone, Debug)]
pub struct Key(MacKey);

const LABEL: &[u8] = b"partywall form\n";

impl Key {
    /// From a key that nothing else uses.
    pub fn new(key: MacKey) -> Self {
        Key(key)
    }

    /// The hidden value for forms that are shown to this session.
    pub fn token(&self, session: &Digest) -> String {
        self.0.sign(&[LABEL, session.bytes()]).to_string()
    }

    /// Whether a form that was shown to this session carries `value`.
    pub fn accepts(&self, session: &Digest, value: &str) -> bool {
        Digest::parse(value).is_some_and(|code| self.0.verifies(&[LABEL, session.bytes()], &code))
    }
}

/// Whether a method may change something (RFC 9110, 9.2.1).
pub fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether the browser says that the request comes from a page of the same origin.
pub fn is_from_own_page(parts: &Parts, kind: HostKind, hosts: &Hosts) -> bool {
    if let Some(site) = parts.headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let own = match kind {
        HostKind::Id => hosts.id.origin().to_owned(),
        HostKind::Console => hosts.console.origin().to_owned(),
        HostKind::Api | HostKind::Socket => return false,
        HostKind::Tenant => match authority(&parts.uri, parts) {
            Some(authority) => hosts.origin_at(authority),
            None => return false,
        },
    };
    let mut origins = parts.headers.get_all(header::ORIGIN).into_iter();
    origins.next().is_some_and(|origin| origin == own.as_str()) && origins.next().is_none()
}

fn authority<'r>(uri: &'r Uri, parts: &'r Parts) -> Option<&'r str> {
    uri.authority()
        .map(|authority| authority.as_str())
        .or_else(|| parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn own(kind: HostKind, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::post("/x").header("host", "acme.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        is_from_own_page(&parts, kind, &crate::testing::hosts())
    }

    #[test]
    fn only_a_page_of_the_same_origin_may_write() {
        assert!(own(HostKind::Console, &[("sec-fetch-site", "same-origin")]));
        for elsewhere in ["same-site", "cross-site", "none", ""] {
            assert!(!own(HostKind::Console, &[("sec-fetch-site", elsewhere)]), "{elsewhere}");
        }
        assert!(
            !own(
                HostKind::Console,
                &[("sec-fetch-site", "same-site"), ("origin", "https://console.example.com")]
            ),
            "a browser that speaks of the site is believed in that"
        );
    }

    #[test]
    fn a_browser_that_sends_only_its_origin_is_judged_by_that() {
        assert!(own(HostKind::Console, &[("origin", "https://console.example.com")]));
        assert!(own(HostKind::Tenant, &[("origin", "https://acme.example.com")]));
        assert!(!own(HostKind::Tenant, &[("origin", "https://beta.example.com")]), "a sibling tenant");
        assert!(!own(HostKind::Console, &[("origin", "https://acme.example.com")]));
        assert!(!own(HostKind::Console, &[("origin", "null")]));
        assert!(!own(HostKind::Console, &[]));
    }

    #[test]
    fn the_hidden_value_of_one_session_is_nothing_in_anothers_form() {
        let key = Key::new(MacKey::new(b"k"));
        let (mine, yours) = (Digest::of(b"mine"), Digest::of(b"yours"));
        assert!(key.accepts(&mine, &key.token(&mine)));
        assert!(!key.accepts(&yours, &key.token(&mine)));
        assert!(!key.accepts(&mine, ""));
    }
}
