//! Our own cookies in what passes through: read one, forward none, let a backend set none.

use bytes::Bytes;
use domain::TenantId;
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};
use std::borrow::Cow;

/// The names of `docs/wire.md`, without their prefix.
const OURS: [&[u8]; 4] = [b"pw_session", b"pw_person", b"pw_console", b"pw_bind"];
/// Pending sign-ins bear eight letters more, what is one tenant's on a shared host its id, and what says which backend
/// a browser was at the deployment's.
const OURS_BEGIN: [&[u8]; 4] = [b"pw_signin_", b"pw_session_", b"pw_bind_", b"pw_backend_"];
/// What browsers give a meaning to; they compare it without regard to case.
const PREFIXES: [&[u8]; 2] = [b"__host-", b"__secure-"];

/// What a request presents under one cookie name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'r> {
    Nothing,
    One(&'r str),
    /// More than one value, or one that is no text: planted from a sibling host, most likely. Nobody can
    /// say which is the browser's own, so none is believed.
    Unclear,
}

/// The name of the session cookie at a tenant's own host; at one that tenants share, of this tenant's.
pub(crate) fn session_name(secure: bool, shared: Option<TenantId>) -> Cow<'static, str> {
    let own = if secure { "__Host-pw_session" } else { "pw_session" };
    shared.map_or(Cow::Borrowed(own), |tenant| Cow::Owned(format!("{own}_{tenant}")))
}

/// What the request presents under `name`.
pub(crate) fn presented<'r>(headers: &'r HeaderMap, name: &str) -> Presented<'r> {
    let mut found = Presented::Nothing;
    for (key, value) in pairs(headers) {
        if key == name.as_bytes() {
            found = match (found, std::str::from_utf8(value)) {
                (Presented::Nothing, Ok(value)) => Presented::One(value),
                _ => Presented::Unclear,
            };
        }
    }
    found
}

/// Whether the request presents a session at all, of whichever tenant and sound or not.
pub(crate) fn has_session(headers: &HeaderMap) -> bool {
    pairs(headers)
        .any(|(key, _)| is_ours(key) && key.windows(10).any(|part| part.eq_ignore_ascii_case(b"pw_session")))
}

/// Takes our cookies out of a request that will be forwarded, and joins what HTTP/2 may have split.
pub(crate) fn forward_without_ours(headers: &mut HeaderMap) {
    let several = headers.get_all(COOKIE).iter().nth(1).is_some();
    if !several && !pairs(headers).any(|(key, _)| is_ours(key)) {
        return;
    }
    let mut kept = Vec::new();
    for field in headers.get_all(COOKIE) {
        for pair in field.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            if pair.is_empty() || is_ours(split(pair).0) {
                continue;
            }
            if !kept.is_empty() {
                kept.extend_from_slice(b"; ");
            }
            kept.extend_from_slice(pair);
        }
    }
    headers.remove(COOKIE);
    if !kept.is_empty() {
        let kept = HeaderValue::from_maybe_shared(Bytes::from(kept));
        headers.insert(COOKIE, kept.expect("pieces of header values make a header value"));
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let fields = headers.get_all(COOKIE).iter();
    fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b';')).map(split)
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let pair = pair.trim_ascii();
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()),
        None => (pair, b""),
    }
}

/// Whether a cookie of this name is one of ours, with whatever prefix.
fn is_ours(name: &[u8]) -> bool {
    let begins = |text: &[u8], with: &[u8]| {
        text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let prefix = PREFIXES.iter().find(|prefix| begins(name, prefix)).map_or(0, |prefix| prefix.len());
    let bare = &name[prefix..];
    OURS_BEGIN.iter().any(|ours| begins(bare, ours))
        || OURS.iter().any(|ours| bare.eq_ignore_ascii_case(ours))
}

/// Takes out of an answer what a backend must not set: cookies that bear our names, and cookies for more
/// than the host that was asked, which a sibling tenant would receive. `host` is empty where no domain at
/// all may be named.
pub(crate) fn keep_harmless(headers: &mut HeaderMap, host: &str) {
    let is_harmless = |value: &HeaderValue| is_harmless(value.as_bytes(), host);
    if headers.get_all(SET_COOKIE).iter().all(is_harmless) {
        return;
    }
    let kept: Vec<_> =
        headers.get_all(SET_COOKIE).iter().filter(|value| is_harmless(value)).cloned().collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

fn is_harmless(set: &[u8], host: &str) -> bool {
    !is_ours(sent_back_as(set)) && domains(set).all(|domain| domain.eq_ignore_ascii_case(host.as_bytes()))
}

/// The name under which a browser will send the cookie back. One without a name is sent as its bare
/// value, and `=pw_session=x` would come back as if it were ours.
fn sent_back_as(set: &[u8]) -> &[u8] {
    let mut pair = set.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    while let Some(rest) = pair.strip_prefix(b"=") {
        pair = rest.trim_ascii();
    }
    split(pair).0
}

fn domains(set: &[u8]) -> impl Iterator<Item = &[u8]> {
    attributes(set)
        .filter(|(key, _)| key.eq_ignore_ascii_case(b"domain"))
        .map(|(_, domain)| domain.strip_prefix(b".").unwrap_or(domain))
        .filter(|domain| !domain.is_empty())
}

/// The attributes of a `Set-Cookie` field.
pub(crate) fn attributes(set: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    set.split(|byte| *byte == b';').skip(1).map(split)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[&'static str]) -> HeaderMap {
        fields.iter().map(|field| (COOKIE, HeaderValue::from_static(field))).collect()
    }

    #[test]
    fn the_session_is_found_among_others_and_a_double_is_believed_by_nobody() {
        let headers = request(&["a=b; pw_session=x.y ;c=d"]);
        assert_eq!(presented(&headers, "pw_session"), Presented::One("x.y"));
        assert_eq!(presented(&headers, "__Host-pw_session"), Presented::Nothing);
        for double in [["pw_session=a; pw_session=a", ""], ["pw_session=a", "pw_session=b"]] {
            assert_eq!(presented(&request(&double), "pw_session"), Presented::Unclear);
        }
    }

    #[test]
    fn no_cookie_of_ours_is_forwarded_and_every_other_is() {
        let mut headers = request(&["a=b; __Host-pw_session=x", "pw_bind=1;pw_signin_abcdefgh=2; c=d;"]);
        forward_without_ours(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=b; c=d"]);
        let mut headers = request(&["__SECURE-PW_SESSION=x"]);
        forward_without_ours(&mut headers);
        assert!(headers.is_empty());
        let mut headers = request(&["a=b;  c"]);
        forward_without_ours(&mut headers);
        assert_eq!(headers[COOKIE], "a=b;  c", "what holds nothing of ours is left as it was");
    }

    #[test]
    fn a_backend_sets_neither_our_cookies_nor_one_for_its_siblings() {
        for dropped in [
            "pw_session=x",
            "__Host-pw_session=x; Path=/; Secure",
            " __sEcure-PW_SESSION = x",
            "=pw_session=x",
            "= =__Host-pw_session=x",
            "pw_session",
            "pw_signin_abcdefgh=x",
            "__Host-pw_session_tnt_x=x; Path=/; Secure",
            "pw_bind_tnt_x=x",
            "a=b; Domain=base",
            "a=b; domain = .BASE",
            "a=b; Domain=t1.base; Domain=base",
            "a=b; Domain=t2.base",
            "a=b; Domain=x.t1.base",
        ] {
            assert!(!is_harmless(dropped.as_bytes(), "t1.base"), "{dropped}");
        }
        for kept in ["a=b", "a=pw_session=x", "pw_sessions=x", "a=b; Domain=.T1.base", "a=b; Domain=; Path=/"]
        {
            assert!(is_harmless(kept.as_bytes(), "t1.base"), "{kept}");
        }
    }

    #[test]
    fn harmless_cookies_keep_their_order() {
        let mut headers = HeaderMap::new();
        for value in ["a=1", "pw_session=x", "b=2"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(value));
        }
        keep_harmless(&mut headers, "t1.base");
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    }
}
