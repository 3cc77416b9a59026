//! The listener for everybody.

use super::{
    Certificates, Stop, accept,
    crowd::{Crowd, Place},
    dispatch::{Client, Dispatch},
    proxied,
    tls::Handshake,
};
use crate::{assemble::Node, config::Listen, observe::metrics::Metrics};
use gateway::{Fronts, Gateway};
use hyper_util::server::conn::auto::Builder;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

/// A handshake that is not done by then is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A proxy says who is behind it at once.
const HEAD: Duration = Duration::from_secs(5);

/// What every connection is served with.
struct Door {
    certificates: Option<Certificates>,
    builder: Arc<Builder<accept::Streams>>,
    dispatch: Dispatch,
    gateway: Gateway,
    metrics: Metrics,
    crowd: Arc<Crowd>,
    fronts: Arc<Fronts>,
    proxy_protocol: bool,
    https: bool,
}

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
    let fronts = Arc::new(bounds.fronts.clone());
    let door = Arc::new(Door {
        certificates,
        builder: Arc::new(accept::builder()),
        dispatch: Dispatch::new(node.clone(), fronts.clone(), bounds.client_cert),
        gateway: node.gateway.clone(),
        metrics: node.metrics.clone(),
        crowd: Crowd::new(bounds.connections_per_address, bounds.uncounted.clone()),
        fronts,
        proxy_protocol: bounds.proxy_protocol,
        https: node.web.hosts.https,
    });
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
        let Some(place) = door.place(peer.ip()) else { continue };
        let (door, stop) = (door.clone(), stop.clone());
        open.spawn(async move {
            let _held = (permit, place);
            let _counted = door.metrics.connection();
            door.open(stream, peer, stop).await;
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

impl Door {
    /// A place for a connection; a proxy in front holds those of many.
    fn place(&self, address: IpAddr) -> Option<Option<Place>> {
        if self.fronts.trusts(address) {
            return Some(None);
        }
        let place = self.crowd.place(address);
        if place.is_none() {
            // Closed without a word: whoever holds that many is not waiting for one.
            self.metrics.connection_refused();
        }
        place.map(Some)
    }

    async fn open(&self, mut stream: TcpStream, peer: SocketAddr, mut stop: Stop) {
        let _ = stream.set_nodelay(true);
        let mut address = peer.ip();
        let mut _behind = None;
        if self.proxy_protocol && self.fronts.trusts(address) {
            let head = tokio::select! {
                head = tokio::time::timeout(HEAD, proxied::read_head(&mut stream)) => head,
                () = stop.wait() => return,
            };
            match head {
                Ok(Ok(far_end)) => address = far_end.unwrap_or(address),
                Ok(Err(_)) | Err(_) => return self.metrics.connection_refused(),
            }
            match self.place(address) {
                Some(place) => _behind = place,
                None => return,
            }
        }
        // Behind a proxy nobody knows the port.
        let port = if address == peer.ip() { peer.port() } else { 0 };
        let passed = Box::pin(self.pass_on(stream, (address, port).into(), stop.clone()));
        let Some(stream) = passed.await else { return };
        // Whoever is behind a proxy that passes on bytes has written the header fields too.
        let client = Client::new(address, self.https).among(&self.fronts);
        Box::pin(self.serve(stream, client, stop)).await;
    }

    /// Passes a connection on where a route says so for the name that it asks for; gives back any other.
    async fn pass_on(&self, stream: TcpStream, client: SocketAddr, mut stop: Stop) -> Option<TcpStream> {
        if !self.gateway.passes_any() {
            return Some(stream);
        }
        let asked = tokio::select! {
            asked = tokio::time::timeout(HANDSHAKE, gateway::asked_name(&stream)) => asked,
            () = stop.wait() => return None,
        };
        let Ok(Ok(asked)) = asked else {
            self.metrics.handshake_failed();
            return None;
        };
        let Some(name) = asked.filter(|name| self.gateway.passes(name)) else { return Some(stream) };
        tokio::select! {
            () = self.gateway.pass_on(gateway::Arrival { stream, name, client }) => {}
            // As with other sockets: what is carried has no end that could be waited for.
            () = stop.wait() => {}
        }
        None
    }

    async fn serve(&self, stream: TcpStream, client: Client, mut stop: Stop) {
        let (builder, dispatch) = (self.builder.clone(), self.dispatch.clone());
        let connection = gateway::Connection::new();
        let client = client.over(&connection);
        let answer = |client: Client| move |request| dispatch.clone().answer(request, client.clone());
        let Some(certificates) = &self.certificates else {
            return Box::pin(accept::serve(builder, stream, (stop, connection), answer(client))).await;
        };
        // Each stage has a box of its own: a connection that rests holds no room for those that are over.
        let handshake = Box::pin(certificates.accept(stream, |host| self.dispatch.wants_certificate(host)));
        let done = tokio::select! {
            done = tokio::time::timeout(HANDSHAKE, handshake) => done,
            // Nothing was asked yet, so nothing is owed, and nobody need wait for it.
            () = stop.wait() => return,
        };
        match done {
            Ok(Ok(Handshake::Done(stream))) => {
                let name = stream.get_ref().1.server_name();
                if name.is_some_and(|name| !self.dispatch.has_room(&client, &connection, name)) {
                    return self.metrics.connection_refused();
                }
                let client = client.with_certificate(stream.get_ref().1.peer_certificates());
                Box::pin(accept::serve(builder, *stream, (stop, connection), answer(client))).await;
            }
            Ok(Ok(Handshake::Answered)) => {}
            Ok(Err(_)) | Err(_) => self.metrics.handshake_failed(),
        }
    }
}
