//! Connections to one upstream: taken for a request, given back when its answer has been read to the
//! end, closed when they were idle for too long.

use super::{
    Connections, UpstreamOrigin,
    connect::connect,
    health::Health,
    line::{Errand, Line},
    sender::Sender,
};
use parking_lot::Mutex;
use std::{
    io,
    net::IpAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

/// One backend and the connections to it.
pub(crate) struct Upstream {
    pub(crate) origin: UpstreamOrigin,
    /// No other upstream of this process has the same.
    pub(crate) serial: u64,
    connections: Arc<Connections>,
    idle: Mutex<Vec<Idle>>,
    lines: Mutex<Vec<Weak<Line>>>,
    room: Arc<Semaphore>,
    pub(crate) health: Health,
    /// Requests that are under way to it, until their answers were read to the end.
    outstanding: AtomicU32,
}

/// A request that is under way to an upstream; over when dropped.
pub(crate) struct Load(Arc<Upstream>);

impl std::ops::Deref for Load {
    type Target = Arc<Upstream>;

    fn deref(&self) -> &Arc<Upstream> {
        &self.0
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Relaxed);
    }
}

struct Idle {
    sender: Sender,
    line: Arc<Line>,
    since: Instant,
}

/// A connection while it serves one request.
pub(crate) struct Lease {
    pub(crate) sender: Sender,
    pub(crate) upstream: Load,
    /// It was idle for so long that the upstream may have closed it without our knowing yet.
    pub(crate) may_be_stale: bool,
    pub(crate) line: Arc<Line>,
    pub(crate) begun: Instant,
    /// It is not to be used again.
    pub(crate) is_last: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLease {
    /// Every connection that may be open is busy.
    #[error("every connection to it is busy")]
    Crowded,
    /// One client holds as many as one may.
    #[error("{0} holds as many connections to it as one client may")]
    Share(IpAddr),
    /// It could not be made in time.
    #[error("connecting took too long")]
    TimedOut,
    /// It could not be made.
    #[error("connecting failed: {0}")]
    Failed(io::Error),
}

impl Upstream {
    pub(crate) fn new(origin: UpstreamOrigin, connections: Arc<Connections>) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Upstream {
            origin,
            serial: MADE.fetch_add(1, Relaxed),
            idle: Mutex::default(),
            lines: Mutex::default(),
            room: Arc::new(Semaphore::new(connections.most)),
            health: Health::new(),
            outstanding: AtomicU32::new(0),
            connections,
        }
    }

    /// One more request is under way to it.
    pub(crate) fn load(self: &Arc<Self>) -> Load {
        self.outstanding.fetch_add(1, Relaxed);
        Load(self.clone())
    }

    /// How many are.
    pub(crate) fn outstanding(&self) -> u32 {
        self.outstanding.load(Relaxed)
    }

    /// A kept connection that is still open, the one used last.
    pub(crate) async fn kept(self: &Arc<Self>, errand: &Errand) -> Option<Lease> {
        loop {
            let Idle { mut sender, line, since } = self.idle.lock().pop()?;
            let begun = Instant::now();
            let rested = begun.saturating_duration_since(since);
            // It was given back at the end of an answer, so it is ready at once or never.
            if rested < self.connections.keep && sender.ready().await.is_ok() {
                line.sent(errand.clone(), begun);
                return Some(Lease {
                    sender,
                    upstream: self.load(),
                    may_be_stale: rested >= self.connections.surely_open,
                    line,
                    begun,
                    is_last: false,
                });
            }
        }
    }

    /// A fresh connection. An upstream that cannot be reached is passed over for a while.
    pub(crate) async fn fresh(self: &Arc<Self>, errand: &Errand) -> Result<Lease, NoLease> {
        let connections = &self.connections;
        let (line, load) = (self.line(errand)?, self.load());
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
        line.takes_up(room);
        let made = timeout(connections.connect_within, connect(&self.origin, connections, &line)).await;
        let sender = made.map_err(|_| NoLease::TimedOut).and_then(|made| made.map_err(NoLease::Failed));
        self.health.reached(sender.is_err().then_some(connections.pass_over));
        let (sender, begun) = (sender?, Instant::now());
        Ok(Lease { sender, upstream: load, may_be_stale: false, line, begun, is_last: false })
    }

    /// A place in the list of connections. What waits for room counts too, so that nobody's queue keeps others out.
    fn line(&self, errand: &Errand) -> Result<Arc<Line>, NoLease> {
        let mut lines = self.lines.lock();
        lines.retain(|line| line.strong_count() > 0);
        let theirs =
            lines.iter().filter_map(Weak::upgrade).filter(|line| line.is_for(errand.household)).count();
        if theirs >= self.connections.most_per_client {
            return Err(NoLease::Share(errand.household));
        }
        let line = Arc::new(Line::new(errand.clone()));
        lines.push(Arc::downgrade(&line));
        Ok(line)
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Closes connections that were idle for too long or that the upstream has closed, and cuts those that are held
    /// and should not be.
    pub(crate) fn sweep(&self) {
        let keep = self.connections.keep;
        self.idle.lock().retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < keep);
        let lines: Vec<_> = self.lines.lock().iter().filter_map(Weak::upgrade).collect();
        lines.iter().for_each(Line::look);
    }
}

impl Lease {
    /// Keeps the connection for another request.
    pub(crate) fn give_back(self) {
        let Lease { sender, upstream, line, is_last, .. } = self;
        line.is_back();
        if is_last || sender.is_closed() {
            return;
        }
        let mut idle = upstream.idle.lock();
        if idle.len() < upstream.connections.most_idle {
            idle.push(Idle { sender, line, since: Instant::now() });
        }
    }
}
