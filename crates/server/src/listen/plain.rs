//! The listener for plain HTTP beside TLS: certificate authorities ask here, and everybody else is sent to https.

use super::{Stop, accept, body::Reply, questions};
use crate::assemble::Node;
use gateway::Authority;
use http::header::{CONTENT_LENGTH, LOCATION};
use hyper::{Request, Response, body::Incoming};
use std::sync::Arc;
use tokio::{net::TcpListener, sync::Semaphore};

/// How many connections are held at once. Nobody stays here.
const MOST: usize = 1_024;

/// Answers until it is time to stop.
pub async fn plain(listener: TcpListener, node: Arc<Node>, mut stop: Stop) {
    let (builder, room) = (Arc::new(accept::builder()), Arc::new(Semaphore::new(MOST)));
    loop {
        let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
        let stream = tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.wait() => return,
        };
        let (builder, node, stop) = (builder.clone(), node.clone(), stop.clone());
        tokio::spawn(async move {
            let _held = permit;
            let serving = accept::serve(builder, stream, (stop, Arc::default()), move |request| {
                let node = node.clone();
                async move { answer(&node, &request) }
            });
            serving.await;
        });
    }
}

fn answer(node: &Node, request: &Request<Incoming>) -> Response<Reply> {
    if let Some(answer) = questions::answer(node, request) {
        return answer;
    }
    let Some(location) = secure(node, request) else {
        return node.gateway.refuse_unclear(request).map(Reply::Gateway);
    };
    let moved = Response::builder().status(308).header(LOCATION, location).header(CONTENT_LENGTH, 0);
    moved
        .body(Reply::Site(axum::body::Body::empty()))
        .expect("a host and a path that were read can be written")
}

/// The same address with https.
fn secure(node: &Node, request: &Request<Incoming>) -> Option<String> {
    let authority = Authority::of_request(request).ok()?;
    let port = node.web.hosts.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Some(format!("https://{}{port}{path}", authority.host))
}
