//! One connection to an upstream, by whichever protocol it speaks. Over HTTP/2 too it serves one request at a time: a
//! stream that its client does not read then holds up nobody else's, and what is counted and cut for one holds for both.

use crate::upload::RequestBody;
use http::{
    HeaderValue, Method, Request, Response, Uri,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};

/// Sends requests, one after the other.
pub(crate) enum Sender {
    Http1(http1::SendRequest<RequestBody>),
    Http2(http2::SendRequest<RequestBody>),
}

impl Sender {
    /// Waits until it can take a request.
    pub(crate) async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Sends a request, and gives it back if not a byte of it was sent.
    pub(crate) async fn try_send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match self {
            Sender::Http1(sender) => sender.try_send_request(plain(request)).await,
            Sender::Http2(sender) => sender.try_send_request(whole(request)).await,
        }
    }
}

/// As HTTP/2 says it: the host in the address, and nothing about the connection.
fn whole(mut request: Request<RequestBody>) -> Request<RequestBody> {
    request.headers_mut().remove(CONNECTION);
    request.headers_mut().remove(TRANSFER_ENCODING);
    let host = request.headers_mut().remove(HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    if let Some(authority) = authority {
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path);
        *request.uri_mut() = uri.build().expect("three parts that were read make an address");
    }
    *request.version_mut() = http::Version::HTTP_2;
    request
}

/// As HTTP/1.1 says it, where the request came back from an upstream that speaks HTTP/2 too. By some methods the library
/// sends no body unless it is told that there is one.
fn plain(mut request: Request<RequestBody>) -> Request<RequestBody> {
    let host = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        *request.version_mut() = http::Version::HTTP_11;
    }
    let (body, has_length) = (request.body(), request.headers().contains_key(CONTENT_LENGTH));
    if !body.is_end_stream() && !has_length && matches!(*request.method(), Method::GET | Method::HEAD) {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_from_one_protocol_to_the_other_and_back() {
        let request = Request::get("/a?b").header(HOST, "acme.base.test:8080").header(CONNECTION, "te");
        let there = whole(request.body(RequestBody::Empty).unwrap());
        assert_eq!(there.uri(), "http://acme.base.test:8080/a?b");
        assert!(!there.headers().contains_key(HOST) && !there.headers().contains_key(CONNECTION));
        let back = plain(there);
        assert_eq!(
            (back.uri().to_string().as_str(), &back.headers()[HOST]),
            ("/a?b", &"acme.base.test:8080".parse::<HeaderValue>().unwrap())
        );
    }
}
