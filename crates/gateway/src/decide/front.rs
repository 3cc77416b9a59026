//! The proxies that we decide for, and how each of them says what it was asked. There is one reading for each:
//! what another kind of front would say is a client's own word here, and means nothing.

use super::Question;
use crate::{
    Authority, Fronts, Peer,
    forwarded::{Unclear, is_https, once},
    headers::names,
    problem,
    refuse::{No, Reader},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
    uri::PathAndQuery,
};
use std::net::IpAddr;

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const SOCKET_VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const SOCKET_KEY: HeaderName = HeaderName::from_static("sec-websocket-key");

/// Fields that frame or carry the question, and say nothing about the request that it is about.
const OF_THE_QUESTION: [HeaderName; 10] = [
    ORIGINAL_METHOD,
    ORIGINAL_URI,
    FORWARDED_METHOD,
    FORWARDED_URI,
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A kind of proxy in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// nginx with `auth_request`.
    Nginx,
    /// HAProxy with our Lua script.
    Haproxy,
    /// Caddy with `forward_auth`.
    Caddy,
    /// Traefik with `ForwardAuth`.
    Traefik,
    /// Envoy with `ext_authz` over HTTP. Over gRPC it is recognised by the method that it calls.
    Envoy,
}

/// The request that a front was asked, before it is put together.
pub(super) struct Heard {
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) host: String,
    pub(super) client: IpAddr,
    pub(super) https: bool,
    pub(super) headers: HeaderMap,
}

impl Front {
    /// The kind that asks at this path, and what follows the kind in it.
    pub fn of_path(path: &str) -> Option<(Self, &str)> {
        let rest = path.strip_prefix('/')?;
        let end = rest.find('/').unwrap_or(rest.len());
        let front = match &rest[..end] {
            "nginx" => Front::Nginx,
            "haproxy" => Front::Haproxy,
            "caddy" => Front::Caddy,
            "traefik" => Front::Traefik,
            "envoy" => Front::Envoy,
            _ => return None,
        };
        Some((front, &rest[end..]))
    }

    /// Reads a question. `from` is the front that asks.
    pub(super) fn read(self, parts: Parts, from: IpAddr, fronts: &Fronts) -> Result<Question, (No, Reader)> {
        let head_only = parts.method == Method::HEAD;
        match self.hear(&parts, from, fronts) {
            Ok(heard) => Ok(Heard { headers: parts.headers, ..heard }.question(head_only)),
            Err(Unclear) => Err((No::because(problem::FORWARDED), Reader::of(&parts))),
        }
    }

    /// All but the header fields, which are not copied for it.
    fn hear(self, parts: &Parts, from: IpAddr, fronts: &Fronts) -> Result<Heard, Unclear> {
        let said = |name: &HeaderName| once(&parts.headers, name)?.ok_or(Unclear);
        let (method, target, host) = match self {
            Front::Nginx | Front::Haproxy => (
                read_method(said(&ORIGINAL_METHOD)?)?,
                uri(&parts.headers, &ORIGINAL_URI)?,
                &names::FORWARDED_HOST,
            ),
            Front::Caddy | Front::Traefik => (
                read_method(said(&FORWARDED_METHOD)?)?,
                uri(&parts.headers, &FORWARDED_URI)?,
                &names::FORWARDED_HOST,
            ),
            Front::Envoy => (parts.method.clone(), after_the_kind(&parts.uri)?, &HOST),
        };
        let host = match (host == HOST, parts.uri.authority()) {
            (true, Some(authority)) => authority.as_str(),
            _ => said(host)?,
        };
        // These pass on the client's own Host as well, so that the two can be compared.
        if matches!(self, Front::Nginx | Front::Caddy) && said(&HOST)? != host {
            return Err(Unclear);
        }
        Ok(Heard {
            method,
            target,
            host: host.to_owned(),
            client: fronts.client(from, &parts.headers),
            https: is_https(said(&names::FORWARDED_PROTO)?)?,
            headers: HeaderMap::new(),
        })
    }
}

impl Heard {
    /// The request, put together as if the client had sent it here.
    pub(super) fn question(self, head_only: bool) -> Question {
        let mut parts = http::Request::new(()).into_parts().0;
        parts.version = Version::HTTP_11;
        parts.method = self.method;
        parts.uri = Uri::from(self.target);
        parts.headers = self.headers;
        for name in OF_THE_QUESTION {
            parts.headers.remove(name);
        }
        // An odd host is left out, and missed where hosts are checked.
        parts.headers.remove(HOST);
        if Authority::parse(&self.host).is_ok()
            && let Ok(host) = HeaderValue::try_from(self.host)
        {
            parts.headers.insert(HOST, host);
        }
        // Fronts keep the upgrade to themselves, and pass on what a socket's opening has besides.
        if parts.headers.contains_key(SOCKET_VERSION) || parts.headers.contains_key(SOCKET_KEY) {
            parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        Question { parts, peer: Peer::new(self.client, self.https), head_only }
    }
}

pub(super) fn read_method(text: &str) -> Result<Method, Unclear> {
    text.parse().map_err(|_| Unclear)
}

pub(super) fn read_target(text: &[u8]) -> Result<PathAndQuery, Unclear> {
    let target = PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(text)).map_err(|_| Unclear)?;
    if target.as_str().as_bytes() == text { Ok(target) } else { Err(Unclear) }
}

/// A path may hold commas, which elsewhere are a sign of two proxies talking at once.
fn uri(headers: &HeaderMap, name: &HeaderName) -> Result<PathAndQuery, Unclear> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => read_target(value.as_bytes()),
        _ => Err(Unclear),
    }
}

/// Envoy writes the path that it was asked for behind the one that it is told to ask at.
fn after_the_kind(uri: &Uri) -> Result<PathAndQuery, Unclear> {
    let whole = uri.path_and_query().map_or("", PathAndQuery::as_str);
    read_target(whole.strip_prefix("/envoy").ok_or(Unclear)?.as_bytes())
}
