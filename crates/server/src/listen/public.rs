//! The listener for everybody.

use super::{
    Certificates, Stop, accept,
    crowd::Crowd,
    dispatch::{Client, Dispatch},
};
use crate::{assemble::Node, config::Listen, observe::metrics::Metrics};
use hyper_util::{rt::TokioExecutor, server::conn::auto::Builder};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// A handshake that is not done by then is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes connections until it is time to stop, then waits for those that are open, for as long as draining may
/// take.
pub async fn public(
    listener: TcpListener,
    node: Arc<Node>,
    certificates: Option<Certificates>,
    bounds: &Listen,
    mut stop: Stop,
) {
    let room = Arc::new(Semaphore::new(bounds.connections));
    let crowd = Crowd::new(bounds.connections_per_address, bounds.uncounted.clone());
    let builder = Arc::new(accept::builder());
    let dispatch = Dispatch::new(node.clone());
    let https = node.web.hosts.https;
    let mut open = JoinSet::new();
    loop {
        // With no room left, further connections wait in the kernel's queue.
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit.expect("the semaphore is never closed"),
            () = stop.wait() => break,
        };
        let (stream, peer) = tokio::select! {
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(error) => {
                    // Out of descriptors, most likely: give others time to close theirs.
                    tracing::warn!(%error, "a connection could not be taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.wait() => break,
        };
        while open.try_join_next().is_some() {}
        let Some(place) = crowd.place(peer.ip()) else {
            // Closed without a word: whoever holds that many is not waiting for one.
            node.metrics.connection_refused();
            continue;
        };
        let (certificates, builder, dispatch) = (certificates.clone(), builder.clone(), dispatch.clone());
        let (metrics, stop) = (node.metrics.clone(), stop.clone());
        open.spawn(async move {
            let _held = (permit, place);
            let _counted = metrics.connection();
            let client = Client::new(peer.ip(), https);
            connection(stream, client, certificates, builder, dispatch, metrics, stop).await;
        });
    }
    drop(listener);
    let left = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(bounds.drain, left).await.is_err() {
        tracing::warn!(
            "some connections were still open after {} seconds and were cut",
            bounds.drain.as_secs()
        );
    }
}

async fn connection(
    stream: TcpStream,
    client: Client,
    certificates: Option<Certificates>,
    builder: Arc<Builder<TokioExecutor>>,
    dispatch: Dispatch,
    metrics: Metrics,
    mut stop: Stop,
) {
    let _ = stream.set_nodelay(true);
    let Some(certificates) = certificates else {
        return accept::serve(builder, stream, stop, move |request| {
            dispatch.clone().answer(request, client.clone())
        })
        .await;
    };
    let handshake = TlsAcceptor::from(certificates.current()).accept(stream);
    let done = tokio::select! {
        done = tokio::time::timeout(HANDSHAKE, handshake) => done,
        // Nothing was asked yet, so nothing is owed, and nobody need wait for it.
        () = stop.wait() => return,
    };
    match done {
        Ok(Ok(stream)) => {
            accept::serve(builder, stream, stop, move |request| {
                dispatch.clone().answer(request, client.clone())
            })
            .await
        }
        Ok(Err(_)) | Err(_) => metrics.handshake_failed(),
    }
}
