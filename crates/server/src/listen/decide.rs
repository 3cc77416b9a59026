//! The listener for other proxies, which ask whether a request may pass: over HTTP at a path for each kind, and
//! Envoy over gRPC besides. Only proxies that the operator named are heard.

use super::{Stop, accept, body::Reply};
use crate::{assemble::Node, config::Decide};
use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use gateway::Fronts;
use http::{HeaderMap, HeaderValue, Method, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Incoming};
use protocol::ext_authz::MOST_BYTES;
use std::{convert::Infallible, net::IpAddr, sync::Arc};
use tokio::net::TcpListener;

/// The method that Envoy calls.
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// What stands before a message of gRPC: whether it is compressed, and its length.
const FRAME: usize = 5;

/// Codes of gRPC.
const INVALID_ARGUMENT: &str = "3";
const UNIMPLEMENTED: &str = "12";

/// Answers until it is time to stop.
pub async fn decide(listener: TcpListener, node: Arc<Node>, settings: Decide, mut stop: Stop) {
    let builder = Arc::new(accept::builder());
    let fronts = Fronts::new(settings.trusted, http::HeaderName::from_static("x-forwarded-host"));
    let fronts = Arc::new(fronts.saying_certificates(settings.client_cert));
    loop {
        let (stream, peer) = tokio::select! {
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(_) => continue,
            },
            () = stop.wait() => return,
        };
        if !fronts.trusts(peer.ip()) {
            // Closed without a word: what a stranger says about requests is not even read.
            node.metrics.connection_refused();
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (builder, node, fronts, stop) = (builder.clone(), node.clone(), fronts.clone(), stop.clone());
        tokio::spawn(accept::serve(builder, stream, (stop, Arc::default()), move |request| {
            let (node, fronts) = (node.clone(), fronts.clone());
            async move {
                let answer = answer(&node, request, peer.ip(), &fronts).await;
                node.metrics.answered(answer.status().as_u16());
                answer
            }
        }));
    }
}

async fn answer(node: &Node, request: Request<Incoming>, from: IpAddr, fronts: &Fronts) -> Response<Reply> {
    let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    if request.method() == Method::POST && request.headers().get(CONTENT_TYPE).is_some_and(is_grpc) {
        return call(node, request, fronts).await.map(Reply::Site);
    }
    node.gateway.answer_front(request, from, fronts).await.map(Reply::Gateway)
}

/// Answers a call over gRPC. Envoy takes a failed call for no.
async fn call(node: &Node, request: Request<Incoming>, fronts: &Fronts) -> Response<Body> {
    if request.uri().path() != CHECK {
        return failed(UNIMPLEMENTED);
    }
    let Ok(body) = Limited::new(request.into_body(), MOST_BYTES + FRAME).collect().await else {
        return failed(INVALID_ARGUMENT);
    };
    let body = body.to_bytes();
    let Some(message) = message(&body) else { return failed(INVALID_ARGUMENT) };
    match node.gateway.check(message, fronts).await {
        Ok(answer) => replied(&answer),
        Err(error) => {
            tracing::warn!(%error, "a question of Envoy's could not be read: {error}");
            failed(INVALID_ARGUMENT)
        }
    }
}

/// The one message of a call, which is not compressed, since we say nowhere that it may be.
fn message(body: &[u8]) -> Option<&[u8]> {
    let (head, message) = body.split_at_checked(FRAME)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?) as usize;
    (head[0] == 0 && message.len() == length).then_some(message)
}

fn replied(answer: &[u8]) -> Response<Body> {
    let mut frame = BytesMut::with_capacity(FRAME + answer.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(answer.len()).expect("a head and a page are shorter than that"));
    frame.extend_from_slice(answer);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let ends = async move { Some(Ok::<_, Infallible>(trailers)) };
    grpc(Body::new(Full::<Bytes>::from(frame.freeze()).with_trailers(ends)))
}

fn failed(code: &'static str) -> Response<Body> {
    let mut response = grpc(Body::empty());
    response.headers_mut().insert("grpc-status", HeaderValue::from_static(code));
    response
}

fn grpc(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_holds_one_whole_message() {
        assert_eq!(message(b"\0\0\0\0\x02ab"), Some(&b"ab"[..]));
        for bad in [
            &b""[..],
            b"\0\0\0",
            b"\x01\0\0\0\x02ab",
            b"\0\0\0\0\x03ab",
            b"\0\0\0\0\x01ab",
            b"\0\xff\xff\xff\xff",
        ] {
            assert_eq!(message(bad), None, "{bad:?}");
        }
    }
}
