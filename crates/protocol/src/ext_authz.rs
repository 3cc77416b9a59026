//! Envoy's `envoy.service.auth.v3.Authorization/Check`, as far as a decision needs it: the request that Envoy was
//! asked, and yes or no with the header fields that go with it. Fields that are not named here are passed over.

use prost::Message;
use std::collections::HashMap;

/// The largest question that is read.
pub const MOST_BYTES: usize = 128 * 1024;

/// The request that Envoy was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The address of whoever Envoy took the request from.
    pub source: String,
    /// The method.
    pub method: String,
    /// The path with its query, as it came.
    pub path: String,
    /// The host, as it came.
    pub host: String,
    /// The header fields, in lower case; those with a colon before their name are HTTP/2's own.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// The message was none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    /// More than [`MOST_BYTES`].
    #[error("the question is too large")]
    Large,
    /// Not the message that was expected, or without the request.
    #[error("the question is not a CheckRequest with an HTTP request")]
    Form,
}

/// What Envoy is told.
#[derive(Clone, Debug)]
pub enum Answer<'a> {
    /// Let it pass, with these fields in place of any of the same name, and without those.
    Allow {
        /// Names and values.
        set: Vec<(&'a str, &'a str)>,
        /// Names.
        remove: &'a [&'a str],
    },
    /// Answer the client with this.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// Names and values.
        set: Vec<(&'a str, &'a str)>,
        /// The body.
        body: &'a [u8],
    },
}

impl Asked {
    /// Reads a `CheckRequest`.
    ///
    /// # Errors
    /// [`BadQuestion`].
    pub fn read(message: &[u8]) -> Result<Self, BadQuestion> {
        if message.len() > MOST_BYTES {
            return Err(BadQuestion::Large);
        }
        let check = CheckRequest::decode(message).map_err(|_| BadQuestion::Form)?;
        let attributes = check.attributes.ok_or(BadQuestion::Form)?;
        let http = attributes.request.and_then(|request| request.http).ok_or(BadQuestion::Form)?;
        let source = attributes.source.and_then(|peer| peer.address).and_then(|address| address.socket);
        let source = source.ok_or(BadQuestion::Form)?.address;
        let plain = http.headers.into_iter().map(|(name, value)| (name, value.into_bytes()));
        let mut headers: Vec<_> = match http.header_map {
            // Envoy sends one or the other, by its `encode_raw_headers`.
            Some(map) => map.headers.into_iter().map(HeaderValue::pair).collect(),
            None => plain.collect(),
        };
        headers.sort();
        Ok(Asked { source, method: http.method, path: http.path, host: http.host, headers })
    }
}

impl Answer<'_> {
    /// The `CheckResponse`.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Answer::Allow { set, remove } => CheckResponse {
                status: Some(Status { code: OK }),
                denied: None,
                ok: Some(OkHttpResponse {
                    headers: options(set),
                    remove: remove.iter().map(|name| (*name).to_owned()).collect(),
                }),
            },
            Answer::Refuse { status, set, body } => CheckResponse {
                status: Some(Status { code: PERMISSION_DENIED }),
                denied: Some(DeniedHttpResponse {
                    status: Some(HttpStatus { code: i32::from(*status) }),
                    headers: options(set),
                    body: body.to_vec(),
                }),
                ok: None,
            },
        }
        .encode_to_vec()
    }
}

fn options(set: &[(&str, &str)]) -> Vec<HeaderValueOption> {
    let option = |(name, value): &(&str, &str)| HeaderValueOption {
        header: Some(HeaderValue {
            key: (*name).to_owned(),
            value: (*value).to_owned(),
            raw_value: Vec::new(),
        }),
        append_action: OVERWRITE_IF_EXISTS_OR_ADD,
    };
    set.iter().map(option).collect()
}

/// Codes of `google.rpc.Code`.
const OK: i32 = 0;
const PERMISSION_DENIED: i32 = 7;
/// Of `HeaderValueOption.HeaderAppendAction`.
const OVERWRITE_IF_EXISTS_OR_ADD: i32 = 2;

// The messages by their numbers in envoy/service/auth/v3 and envoy/config/core/v3.

#[derive(Clone, PartialEq, Message)]
struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    attributes: Option<AttributeContext>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeContext {
    #[prost(message, optional, tag = "1")]
    source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    request: Option<Request>,
}

#[derive(Clone, PartialEq, Message)]
struct Peer {
    #[prost(message, optional, tag = "1")]
    address: Option<Address>,
}

#[derive(Clone, PartialEq, Message)]
struct Address {
    #[prost(message, optional, tag = "1")]
    socket: Option<SocketAddress>,
}

#[derive(Clone, PartialEq, Message)]
struct SocketAddress {
    #[prost(string, tag = "2")]
    address: String,
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, optional, tag = "2")]
    http: Option<HttpRequest>,
}

#[derive(Clone, PartialEq, Message)]
struct HttpRequest {
    #[prost(string, tag = "2")]
    method: String,
    #[prost(map = "string, string", tag = "3")]
    headers: HashMap<String, String>,
    #[prost(string, tag = "4")]
    path: String,
    #[prost(string, tag = "5")]
    host: String,
    #[prost(message, optional, tag = "13")]
    header_map: Option<HeaderMap>,
}

#[derive(Clone, PartialEq, Message)]
struct HeaderMap {
    #[prost(message, repeated, tag = "1")]
    headers: Vec<HeaderValue>,
}

#[derive(Clone, PartialEq, Message)]
struct HeaderValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(bytes = "vec", tag = "3")]
    raw_value: Vec<u8>,
}

impl HeaderValue {
    fn pair(self) -> (String, Vec<u8>) {
        let value = if self.raw_value.is_empty() { self.value.into_bytes() } else { self.raw_value };
        (self.key, value)
    }
}

#[derive(Clone, PartialEq, Message)]
struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    status: Option<Status>,
    #[prost(message, optional, tag = "2")]
    denied: Option<DeniedHttpResponse>,
    #[prost(message, optional, tag = "3")]
    ok: Option<OkHttpResponse>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct DeniedHttpResponse {
    #[prost(message, optional, tag = "1")]
    status: Option<HttpStatus>,
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderValueOption>,
    /// A string to Envoy; our pages are text.
    #[prost(bytes = "vec", tag = "3")]
    body: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct HttpStatus {
    #[prost(int32, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct OkHttpResponse {
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderValueOption>,
    #[prost(string, repeated, tag = "5")]
    remove: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct HeaderValueOption {
    #[prost(message, optional, tag = "1")]
    header: Option<HeaderValue>,
    #[prost(int32, tag = "3")]
    append_action: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> CheckRequest {
        let headers = HashMap::from([("cookie".to_owned(), "a=b".to_owned())]);
        let http = HttpRequest {
            method: "GET".into(),
            headers,
            path: "/x?y".into(),
            host: "t1.base".into(),
            header_map: None,
        };
        let socket = Some(SocketAddress { address: "192.0.2.1".into() });
        CheckRequest {
            attributes: Some(AttributeContext {
                source: Some(Peer { address: Some(Address { socket }) }),
                request: Some(Request { http: Some(http) }),
            }),
        }
    }

    #[test]
    fn a_question_says_what_envoy_was_asked() {
        let asked = Asked::read(&question().encode_to_vec()).unwrap();
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/x?y"));
        assert_eq!((asked.host.as_str(), asked.source.as_str()), ("t1.base", "192.0.2.1"));
        assert_eq!(asked.headers, [("cookie".to_owned(), b"a=b".to_vec())]);
    }

    #[test]
    fn what_is_no_question_or_too_large_a_one_is_refused() {
        for bad in [&b""[..], b"\x0a\x00", b"\xff\xff\xff", b"GET / HTTP/1.1"] {
            assert_eq!(Asked::read(bad), Err(BadQuestion::Form), "{bad:?}");
        }
        assert_eq!(Asked::read(&vec![0; MOST_BYTES + 1]), Err(BadQuestion::Large));
        let sound = question().encode_to_vec();
        for end in 0..sound.len() {
            assert!(Asked::read(&sound[..end]).is_err(), "cut after {end} bytes");
        }
    }

    #[test]
    fn an_answer_overwrites_and_removes() {
        let answer = Answer::Allow { set: vec![("partywall-tenant", "tnt_1")], remove: &["cookie"] };
        let written = CheckResponse::decode(&*answer.write()).unwrap();
        let ok = written.ok.expect("it is a yes");
        assert_eq!(ok.headers[0].append_action, OVERWRITE_IF_EXISTS_OR_ADD);
        assert_eq!(ok.remove, ["cookie"]);
        let answer = Answer::Refuse { status: 303, set: vec![("location", "/x")], body: b"" };
        let written = CheckResponse::decode(&*answer.write()).unwrap();
        assert_eq!(written.denied.and_then(|denied| denied.status).map(|status| status.code), Some(303));
    }
}
