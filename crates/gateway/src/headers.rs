//! Header fields: which a client or a backend may not send through, and which end with each connection.

use domain::ApiKeyKind;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
        TRANSFER_ENCODING, UPGRADE,
    },
};

/// How the fields that the gateway adds are called (`docs/wire.md`).
pub(crate) mod names {
    use http::HeaderName;
    pub(crate) const CONTEXT: HeaderName = HeaderName::from_static("partywall-context");
    pub(crate) const PROOF: HeaderName = HeaderName::from_static("partywall-proof");
    pub(crate) const TENANT: HeaderName = HeaderName::from_static("partywall-tenant");
    pub(crate) const TENANT_SLUG: HeaderName = HeaderName::from_static("partywall-tenant-slug");
    pub(crate) const USER: HeaderName = HeaderName::from_static("partywall-user");
    pub(crate) const ROLES: HeaderName = HeaderName::from_static("partywall-roles");
    pub(crate) const SUBSCRIBER: HeaderName = HeaderName::from_static("partywall-subscriber");
    pub(crate) const SCOPES: HeaderName = HeaderName::from_static("partywall-scopes");
    pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("partywall-request-id");
    pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    pub(crate) const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
    pub(crate) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
}

const OURS: &str = "partywall-";
const FORWARDED: &str = "x-forwarded-";
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Fields that backends have been seen to believe in place of what the request line says.
const BELIEVED: [&str; 15] = [
    "forwarded",
    // Programs that are run as CGI take it for their way out (CVE-2016-5385).
    "proxy",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-original-host",
    // Which certificate a client has shown is ours to say (RFC 9440 section 2.4, and what proxies said before it).
    "client-cert",
    "client-cert-chain",
    "x-client-cert",
    "x-ssl-client-cert",
    "x-ssl-client-verify",
    "x-ssl-client-s-dn",
];
/// What frames a message; a backend that folds `_` to `-` would see it twice.
const FRAMING: [&str; 2] = ["transfer-encoding", "content-length"];

/// Whether a client's field of this name is kept from the backend: ours, those that say where a request
/// came from, and what a backend that folds `_` to `-` would take for them (RFC 3875 section 4.1.18).
pub(crate) fn is_withheld(name: &str) -> bool {
    // Most names are told apart by their first letter.
    matches!(name.as_bytes().first(), Some(b'p' | b'x' | b'f' | b't' | b'c')) && is_ours_to_say(name)
}

fn is_ours_to_say(name: &str) -> bool {
    let folds = |known: &&str| name != *known && is(name, known);
    begins(name, OURS)
        || begins(name, FORWARDED)
        || BELIEVED.iter().any(|known| is(name, known))
        || FRAMING.iter().any(folds)
}

fn folded(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte }
}

fn begins(name: &str, with: &str) -> bool {
    name.len() >= with.len() && name.bytes().zip(with.bytes()).all(|(a, b)| folded(a) == b)
}

/// Whether two names are the same to a backend that folds `_` to `-`.
pub(crate) fn is(name: &str, known: &str) -> bool {
    name.len() == known.len() && name.bytes().zip(known.bytes()).all(|(a, b)| folded(a) == folded(b))
}

/// Fields that end with this connection (RFC 9110 section 7.6.1).
fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(*name, CONNECTION | PROXY_AUTHENTICATE | PROXY_AUTHORIZATION | TE | TRANSFER_ENCODING | UPGRADE)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings")
}

/// Takes out of a request what ends here, what is ours to say, and credentials of ours. `cleared` are the
/// headers that the route writes the tenant into, and that it reads an API key from.
pub(crate) fn clean_request(headers: &mut HeaderMap, cleared: &[&HeaderName]) {
    drop_named_by_connection(headers);
    drop_where(headers, |name| {
        is_of_the_connection(name)
            || *name == http::header::EXPECT
            || is_withheld(name.as_str())
            || cleared.iter().any(|cleared| is(name.as_str(), cleared.as_str()))
    });
    // The usual header for keys, too, where a route reads them from another and this one was mistaken for it.
    for name in [AUTHORIZATION, API_KEY] {
        if headers.get_all(&name).iter().any(is_ours) {
            headers.remove(name);
        }
    }
}

/// Takes out of a request that another node of ours gets what ends here and what only nodes may say.
pub(crate) fn clean_hop(headers: &mut HeaderMap) {
    let trailers = holds_token(headers, TE, b"trailers");
    drop_named_by_connection(headers);
    drop_where(headers, |name| {
        is_of_the_connection(name) || *name == http::header::EXPECT || is_withheld(name.as_str())
    });
    if trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Takes out of an answer what ends here and what is ours to say.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    drop_named_by_connection(headers);
    if headers.contains_key(TRANSFER_ENCODING) {
        // The length of a body that is framed otherwise is not to be believed (RFC 9112 section 6.3).
        headers.remove(CONTENT_LENGTH);
    }
    drop_where(headers, |name| is_of_the_connection(name) || begins(name.as_str(), OURS));
}

/// Takes out of an answer what speaks for a whole host, where tenants share it.
pub(crate) fn clean_shared(headers: &mut HeaderMap) {
    for name in ["service-worker-allowed", "clear-site-data"] {
        headers.remove(name);
    }
}

/// Takes out of trailers what no trailer may say.
pub(crate) fn clean_trailers(trailers: &mut HeaderMap) {
    drop_where(trailers, |name| {
        is_of_the_connection(name)
            || is_withheld(name.as_str())
            || matches!(name.as_str(), "host" | "cookie" | "set-cookie" | "authorization" | "content-length")
    });
}

fn drop_where(headers: &mut HeaderMap, gone: impl Fn(&HeaderName) -> bool) {
    // Most requests have none or one of them, and an empty vector costs nothing.
    let names: Vec<_> = headers.keys().filter(|name| gone(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Fields that `Connection` names end with the connection too. What frames and addresses the message is
/// not theirs to take away.
fn drop_named_by_connection(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let tokens = |value: &HeaderValue| -> Vec<HeaderName> {
        let tokens = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        tokens.filter_map(|token| HeaderName::from_bytes(token).ok()).collect()
    };
    let named: Vec<_> = headers.get_all(CONNECTION).iter().flat_map(tokens).collect();
    for name in named.into_iter().filter(|name| !matches!(*name, HOST | CONTENT_LENGTH | TRANSFER_ENCODING)) {
        headers.remove(name);
    }
}

/// An operator's token and an API key must not reach a backend, whatever scheme they were sent under.
fn is_ours(value: &HeaderValue) -> bool {
    let mut words = value.as_bytes().split(|byte| byte.is_ascii_whitespace());
    words.any(|word| word.starts_with(b"pwo_") || ApiKeyKind::claimed_by(word).is_some())
}

/// A header's name as people write it.
pub(crate) fn shown(name: &HeaderName) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.as_str().split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// Whether a comma-separated field holds this token.
pub(crate) fn holds_token(headers: &HeaderMap, name: HeaderName, token: &[u8]) -> bool {
    let tokens = |value| HeaderValue::as_bytes(value).split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    headers.get_all(name).iter().flat_map(tokens).any(|found| found.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn what_backends_believe_is_withheld_however_it_is_spelled() {
        for name in [
            "proxy",
            "true_client_ip",
            "x-client-ip",
            "x-original-uri",
            "transfer_encoding",
            "content_length",
        ] {
            assert!(is_withheld(name), "{name}");
        }
        for name in ["transfer-encoding", "content-length", "content-type", "cookie", "te", "x-csrf-token"] {
            assert!(!is_withheld(name), "{name}");
        }
    }

    #[test]
    fn a_client_cannot_say_what_is_ours_to_say() {
        let mut headers = fields(&[
            ("Partywall-Tenant", "tnt_x"),
            ("PARTYWALL_USER", "usr_x"),
            ("partywall_tenant-slug", "x"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("x_forwarded_host", "evil.test"),
            ("Forwarded", "for=1.2.3.4"),
            ("X-Original-URL", "/admin"),
            ("x-partywall-tenant", "kept"),
        ]);
        clean_request(&mut headers, &[]);
        assert_eq!(headers, fields(&[("x-partywall-tenant", "kept")]));
    }

    #[test]
    fn the_header_that_the_tenant_is_written_into_is_cleared_first() {
        let mut headers = fields(&[("X-Tenant", "t2"), ("x_tenant", "t2")]);
        clean_request(&mut headers, &[&HeaderName::from_static("x-tenant")]);
        assert!(headers.is_empty());
    }

    #[test]
    fn what_belongs_to_a_connection_ends_with_it() {
        let mut headers = fields(&[
            ("Connection", "close, X-Gone"),
            ("Connection", "host, content-length"),
            ("X-Gone", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "x"),
            ("Proxy-Authorization", "Basic x"),
            ("Host", "t1.base"),
            ("Content-Length", "3"),
        ]);
        clean_request(&mut headers, &[]);
        assert_eq!(headers, fields(&[("Host", "t1.base"), ("Content-Length", "3")]));
    }

    #[test]
    fn an_operator_token_does_not_reach_a_backend_and_other_credentials_do() {
        for ours in ["Bearer pwk_abc", "Bearer pws_abc", "Bearer pwo_abc", "bearer   pwo_abc", "pwo_abc"] {
            let mut headers = fields(&[("authorization", ours)]);
            clean_request(&mut headers, &[]);
            assert!(headers.is_empty(), "{ours}");
        }
        let mut headers = fields(&[("x-api-key", "pwk_abc")]);
        clean_request(&mut headers, &[]);
        assert!(headers.is_empty());
        let mut headers = fields(&[("x-api-key", "the application's own")]);
        clean_request(&mut headers, &[]);
        assert_eq!(headers.len(), 1);
        let mut headers = fields(&[("authorization", "Basic dXNlcg==")]);
        clean_request(&mut headers, &[]);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn a_backend_cannot_say_what_is_ours_to_say() {
        let mut headers = fields(&[
            ("partywall-request-id", "x"),
            ("connection", "x-gone"),
            ("x-gone", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("etag", "x"),
        ]);
        clean_answer(&mut headers);
        assert_eq!(headers, fields(&[("etag", "x")]));
    }
}
