//! Connections to one upstream: taken for a request, given back when its answer has been read to the
//! end, closed when they were idle for too long.

use super::{Connections, UpstreamOrigin, connect::connect};
use crate::upload::RequestBody;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;
use std::{io, sync::Arc};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

/// One backend and the connections to it.
pub(crate) struct Upstream {
    pub(crate) origin: UpstreamOrigin,
    connections: Arc<Connections>,
    idle: Mutex<Vec<Idle>>,
    room: Arc<Semaphore>,
    passed_over_until: Mutex<Option<Instant>>,
}

struct Idle {
    sender: SendRequest<RequestBody>,
    room: OwnedSemaphorePermit,
    since: Instant,
}

/// A connection while it serves one request.
pub(crate) struct Lease {
    pub(crate) sender: SendRequest<RequestBody>,
    pub(crate) upstream: Arc<Upstream>,
    /// It was idle for so long that the upstream may have closed it without our knowing yet.
    pub(crate) may_be_stale: bool,
    room: OwnedSemaphorePermit,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLease {
    /// Every connection that may be open is busy.
    #[error("every connection to it is busy")]
    Crowded,
    /// It could not be made in time.
    #[error("connecting took too long")]
    TimedOut,
    /// It could not be made.
    #[error("connecting failed: {0}")]
    Failed(io::Error),
}

impl Upstream {
    pub(crate) fn new(origin: UpstreamOrigin, connections: Arc<Connections>) -> Self {
        Upstream {
            origin,
            idle: Mutex::default(),
            room: Arc::new(Semaphore::new(connections.most)),
            passed_over_until: Mutex::default(),
            connections,
        }
    }

    /// A kept connection that is still open, the one used last.
    pub(crate) async fn kept(self: &Arc<Self>) -> Option<Lease> {
        loop {
            let Idle { mut sender, room, since } = self.idle.lock().pop()?;
            let rested = since.elapsed();
            // It was given back at the end of an answer, so it is ready at once or never.
            if rested < self.connections.keep && sender.ready().await.is_ok() {
                return Some(Lease {
                    sender,
                    upstream: self.clone(),
                    may_be_stale: rested >= self.connections.surely_open,
                    room,
                });
            }
        }
    }

    /// A fresh connection. An upstream that cannot be reached is passed over for a while.
    pub(crate) async fn fresh(self: &Arc<Self>) -> Result<Lease, NoLease> {
        let connections = &self.connections;
        let room = match self.room.clone().try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                // What is kept takes up room too.
                self.idle.lock().clear();
                timeout(connections.connect_within, self.room.clone().acquire_owned())
                    .await
                    .map_err(|_| NoLease::Crowded)?
                    .expect("nobody closes the semaphore")
            }
        };
        let made = timeout(connections.connect_within, connect(&self.origin, connections)).await;
        let sender = made.map_err(|_| NoLease::TimedOut).and_then(|made| made.map_err(NoLease::Failed));
        let passed_over = sender.is_err().then(|| Instant::now() + connections.pass_over);
        *self.passed_over_until.lock() = passed_over;
        Ok(Lease { sender: sender?, upstream: self.clone(), may_be_stale: false, room })
    }

    pub(crate) fn is_passed_over(&self) -> bool {
        self.passed_over_until.lock().is_some_and(|until| Instant::now() < until)
    }

    /// Closes connections that were idle for too long or that the upstream has closed.
    pub(crate) fn sweep(&self) {
        let keep = self.connections.keep;
        self.idle.lock().retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < keep);
    }
}

impl Lease {
    /// Keeps the connection for another request.
    pub(crate) fn give_back(self) {
        let Lease { sender, upstream, room, .. } = self;
        if sender.is_closed() {
            return;
        }
        let mut idle = upstream.idle.lock();
        if idle.len() < upstream.connections.most_idle {
            idle.push(Idle { sender, room, since: Instant::now() });
        }
    }
}
