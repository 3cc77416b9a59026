//! Metrics and health, on a listener of their own.

use super::{Stop, accept, body::Reply};
use crate::{
    assemble::Node,
    observe::{certificates, times, traffic},
};
use hyper::{Method, Request, Response, body::Incoming};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Answers until it is time to stop.
pub async fn private(listener: TcpListener, node: Arc<Node>, mut stop: Stop) {
    let builder = Arc::new(accept::builder());
    loop {
        let stream = tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
            () = stop.wait() => return,
        };
        let (builder, node, stop) = (builder.clone(), node.clone(), stop.clone());
        tokio::spawn(accept::serve(builder, stream, (stop, Arc::default()), move |request| {
            let node = node.clone();
            async move { answer(&node, &request) }
        }));
    }
}

fn answer(node: &Node, request: &Request<Incoming>) -> Response<Reply> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (
            200,
            node.metrics.page(traffic::samples(node).into_iter().chain(certificates::samples(node)))
                + &times::page(&node.gateway.times()),
        ),
        (&Method::GET, "/healthz") => (200, "alive\n".to_owned()),
        (&Method::GET, "/readyz") => match node.readiness.why_not(node.web.warden.is_out_of_touch()) {
            None => (200, "ready\n".to_owned()),
            Some(why) => (503, format!("{why}\n")),
        },
        _ => (404, "metrics, healthz and readyz are here\n".to_owned()),
    };
    Response::builder()
        .status(status)
        .header(http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .body(Reply::Site(text.into()))
        .expect("a plain answer is well-formed")
}
