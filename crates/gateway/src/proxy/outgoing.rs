//! The head of a request as a backend gets it.

use crate::{
    headers::{self, holds_token, names},
    peer::Peer,
    policy::Said,
    problem,
    refuse::No,
    route::{CredentialKind, Place, Route, TenantForm, Write},
    seam::Seam,
    target,
};
use access::TenantRecord;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, TE, TRANSFER_ENCODING, UPGRADE, VIA},
    request::Parts,
    uri::PathAndQuery,
};

/// Our name in `Via`.
const VIA_US: HeaderValue = HeaderValue::from_static("1.1 partywall");

/// How many fields are added at most, so that the map grows once.
const ADDED: usize = 16;

/// Where a request goes at the backend.
pub(crate) struct Target {
    /// In origin form.
    pub(crate) uri: Uri,
    /// The `Host` header.
    pub(crate) host: HeaderValue,
    /// The host that the client asked for, with its port.
    pub(crate) asked_host: HeaderValue,
    /// How to put back what the backend says about paths.
    pub(crate) seam: Seam,
}

impl Target {
    /// The target, with the tenant taken out of the path and written in where the route says so. `prefix`
    /// is the part of the path up to and with the tenant.
    pub(crate) fn of(
        parts: &Parts,
        sent_host: &str,
        route: &Route,
        prefix: &str,
        (tenant, said): (&TenantRecord, &Said),
    ) -> Result<Self, No> {
        let asked_host = match parts.headers.get(HOST) {
            Some(host) => host.clone(),
            None => HeaderValue::from_str(sent_host).map_err(|_| No::because(problem::BAD_HOST))?,
        };
        let written = |write: &Write| match write.form {
            TenantForm::Id => tenant.id.to_string(),
            TenantForm::Slug => tenant.slug.to_string(),
        };
        let host = match &route.write {
            Some(write @ Write { place: Place::Host(suffix), .. }) => {
                HeaderValue::try_from(format!("{}.{suffix}", written(write)))
                    .expect("a slug before a hostname")
            }
            _ => asked_host.clone(),
        };
        let mut seam = Seam { inner: String::new(), outer: prefix.to_owned() };
        if !route.strip {
            seam.inner = prefix.to_owned();
        }
        let mut query = None;
        match &route.write {
            Some(write @ Write { place: Place::Path(before), .. }) => {
                seam.inner.insert_str(0, &format!("{before}/{}", written(write)));
            }
            Some(write @ Write { place: Place::Query(name), .. }) => {
                let asked = said.query.as_deref().or(parts.uri.query());
                query = Some(with_parameter(asked, name, &written(write)));
            }
            _ => {}
        }
        let query = query.or_else(|| said.query.clone());
        let uri = uri(&parts.uri, &seam, query, said.path.as_deref())?;
        Ok(Target { uri, host, asked_host, seam })
    }
}

/// `path` is what an expression says in place of what was asked after the tenant.
fn uri(asked: &Uri, seam: &Seam, query: Option<String>, path: Option<&str>) -> Result<Uri, No> {
    if seam.is_flat() && query.is_none() && path.is_none() {
        return Ok(asked.path_and_query().cloned().map(Uri::from).unwrap_or_default());
    }
    let rest = path.unwrap_or(&asked.path()[seam.outer.len()..]);
    let odd = |text: &str| text.contains(['#', ' ']) || text.bytes().any(|byte| byte < b'!');
    if path.is_some_and(|path| odd(path) || path.contains('?')) || query.as_deref().is_some_and(odd) {
        return Err(No::with(
            problem::EXPRESSION,
            "What the route makes of this address is none.".to_owned(),
        ));
    }
    if target::check(if rest.is_empty() { "/" } else { rest }).is_err() {
        // What was no path of ours before the prefix was taken away may be one now.
        return Err(No::because(problem::NOTHING_HERE));
    }
    let slash = if seam.inner.is_empty() && rest.is_empty() { "/" } else { "" };
    let mut path = format!("{}{slash}{rest}", seam.inner);
    if let Some(query) = query.as_deref().or(asked.query()) {
        path.push('?');
        path.push_str(query);
    }
    let path = PathAndQuery::from_maybe_shared(Bytes::from(path));
    Ok(path.map_err(|_| No::because(problem::BAD_PATH))?.into())
}

/// The query with this parameter once, said by us. Backends differ in what they take for the same name, so that
/// whatever any of them might is taken out: any letter case, escapes, blanks and NULs around it, and what PHP reads as
/// a list (`name[]`) or as the same name with a blank, a dot or a bracket in place of `_`.
fn with_parameter(query: Option<&str>, name: &str, value: &str) -> String {
    let pairs = query.unwrap_or_default().split('&');
    let is_theirs = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !may_be_read_as(key.as_bytes(), name)
    };
    let ours = format!("{name}={value}");
    let kept: Vec<_> = pairs.filter(is_theirs).chain([ours.as_str()]).collect();
    kept.join("&")
}

fn may_be_read_as(key: &[u8], name: &str) -> bool {
    let mut plain = Vec::with_capacity(key.len());
    let mut rest = key;
    while let Some(&first) = rest.first() {
        let (byte, length) = target::escape(rest).map_or((first, 1), |meant| (meant, 3));
        plain.push(if byte == b'+' { b' ' } else { byte.to_ascii_lowercase() });
        rest = &rest[length..];
    }
    let until = plain.iter().position(|byte| matches!(byte, 0 | b'[')).unwrap_or(plain.len());
    let same = |byte: &u8| if matches!(byte, b' ' | b'.') { b'_' } else { *byte };
    let read = plain[..until].trim_ascii();
    read.iter().map(same).eq(name.to_ascii_lowercase().as_bytes().iter().map(same))
}

/// Whether this asks for a WebSocket. No other protocol is switched to: an upgrade to HTTP/2, say, would
/// be a tunnel past everything that is checked here. One that brings a body is no such request.
pub(crate) fn is_websocket(parts: &Parts) -> bool {
    parts.version == Version::HTTP_11
        && parts.method == Method::GET
        && holds_token(&parts.headers, UPGRADE, b"websocket")
        && holds_token(&parts.headers, CONNECTION, b"upgrade")
        && !parts.headers.contains_key(TRANSFER_ENCODING)
        && parts.headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0")
}

/// Takes out of the headers what must not reach a backend, and adds what it is told, save for the context
/// and its proof.
pub(crate) fn write_headers(
    headers: &mut HeaderMap,
    target: &Target,
    route: &Route,
    tenant: &TenantRecord,
    peer: &Peer,
    websocket: bool,
) {
    let trailers = holds_token(headers, TE, b"trailers");
    let written = route.write.as_ref().and_then(|write| match &write.place {
        Place::Header(name) => Some((name, write.form)),
        _ => None,
    });
    let key_header = route.takes(CredentialKind::ApiKey).then_some(&route.key_header);
    let cleared: Vec<_> = written.map(|(name, _)| name).into_iter().chain(key_header).collect();
    headers::clean_request(headers, &cleared);
    headers.reserve(ADDED);
    crate::cookie::forward_without_ours(headers);
    headers.insert(HOST, target.host.clone());
    headers.insert(names::FORWARDED_FOR, peer.address.clone());
    headers.insert(names::FORWARDED_HOST, target.asked_host.clone());
    headers.insert(names::FORWARDED_PROTO, HeaderValue::from_static(peer.scheme()));
    headers.insert(FORWARDED, forwarded(target, peer));
    headers.append(VIA, VIA_US);
    if let Some((name, form)) = written {
        let value = match form {
            TenantForm::Id => tenant.id.to_string(),
            TenantForm::Slug => tenant.slug.to_string(),
        };
        headers.insert(name, HeaderValue::try_from(value).expect("ids and slugs are plain ASCII"));
    }
    if websocket {
        super::switch(headers);
    } else if trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// RFC 7239. The host was checked to be plain, so that it needs no escapes inside the quotes.
fn forwarded(target: &Target, peer: &Peer) -> HeaderValue {
    let host = target.asked_host.as_bytes();
    let parts: [&[u8]; 6] = [b"for=", &peer.node, b";host=\"", host, b"\";proto=", peer.scheme().as_bytes()];
    HeaderValue::from_maybe_shared(Bytes::from(parts.concat())).expect("addresses and hosts are plain ASCII")
}

/// How often a request came through a gateway of our kind already.
pub(crate) fn hops(headers: &HeaderMap) -> usize {
    let marks = |value: &HeaderValue| {
        let mut parts = value.as_bytes().split(|byte| *byte == b',');
        std::iter::from_fn(move || parts.next().map(|part| part.ends_with(b" partywall")))
            .filter(|ours| *ours)
            .count()
    };
    headers.get_all(VIA).iter().map(marks).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_parameter_replaces_every_spelling_of_it() {
        assert_eq!(with_parameter(None, "tenant", "t1"), "tenant=t1");
        assert_eq!(
            with_parameter(Some("a=b&tenant=t2&t%65nant=t3&tenant&c"), "tenant", "t1"),
            "a=b&c&tenant=t1"
        );
        for theirs in [
            "T=evil",
            "%54=evil",
            "t%00=evil",
            "t%00x=evil",
            "t[]=evil",
            "t%5B0%5D=evil",
            "+t=evil",
            "%20t+=evil",
            "T",
        ] {
            assert_eq!(with_parameter(Some(theirs), "t", "t1"), "t=t1", "{theirs}");
        }
        assert_eq!(
            with_parameter(Some("org.id=evil&org+id=evil&orgid=1"), "org_id", "t1"),
            "orgid=1&org_id=t1"
        );
    }

    #[test]
    fn a_request_that_goes_in_circles_is_counted() {
        let mut headers = HeaderMap::new();
        headers.append(VIA, HeaderValue::from_static("1.1 proxy, 1.1 partywall"));
        headers.append(VIA, HeaderValue::from_static("1.1 partywall,2 other"));
        assert_eq!(hops(&headers), 2);
    }
}
