//! Requests on their way, so that a node can stop when the last has landed; and how the client's side of one is
//! ended from outside.

use crate::traffic::Slot;
use domain::{RequestId, TenantId};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{
            AtomicUsize,
            Ordering::{AcqRel, Acquire},
        },
    },
};
use tokio::sync::{Notify, watch};

/// How the client's side of a request is ended where its answer is not asked for any more: the stream of HTTP/2, or
/// the connection. Whoever serves the client does so inside of [`Tether::hold`].
#[derive(Clone, Debug, Default)]
pub struct Tether(Arc<Notify>);

tokio::task_local! {
    /// What ends the work that is being done. A request's own extensions would cost it two allocations.
    static HELD: Tether;
}

impl Tether {
    /// Does this work, unless somebody within it ends it from outside; then there is nothing.
    pub async fn hold<F: Future>(work: F) -> Option<F::Output> {
        let tether = Tether::default();
        tokio::select! {
            done = HELD.scope(tether.clone(), work) => Some(done),
            () = tether.0.notified() => None,
        }
    }

    /// The one that holds whoever asks; none where nobody is held.
    pub(crate) fn here() -> Option<Self> {
        HELD.try_with(Clone::clone).ok()
    }

    /// Ends it.
    pub(crate) fn cut(&self) {
        self.0.notify_one();
    }
}

/// All of them.
#[derive(Clone)]
pub(crate) struct Flights(Arc<Tower>);

struct Tower {
    count: AtomicUsize,
    landed: Notify,
    closing: watch::Sender<bool>,
}

/// One of them, with its tenant's slot; landed when dropped.
pub(crate) struct Flight {
    flights: Flights,
    request: RequestId,
    tenant: TenantId,
    _slot: Option<Slot>,
}

impl Flights {
    pub(crate) fn new() -> Self {
        Flights(Arc::new(Tower {
            count: AtomicUsize::new(0),
            landed: Notify::new(),
            closing: watch::Sender::new(false),
        }))
    }

    pub(crate) fn begin(&self, request: RequestId, tenant: TenantId, slot: Option<Slot>) -> Flight {
        self.0.count.fetch_add(1, AcqRel);
        Flight { flights: self.clone(), request, tenant, _slot: slot }
    }

    /// How many are on their way.
    pub(crate) fn count(&self) -> usize {
        self.0.count.load(Acquire)
    }

    /// Tells sockets to end, and waits until all have landed.
    pub(crate) async fn drain(&self) {
        self.0.closing.send_replace(true);
        loop {
            let landed = self.0.landed.notified();
            tokio::pin!(landed);
            // Registered before the count is read, so that the last landing is not missed.
            landed.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            landed.await;
        }
    }
}

impl Flight {
    /// Ends when the node wants to stop.
    pub(crate) async fn node_stops(&self) {
        let mut closing = self.flights.0.closing.subscribe();
        // The sender lives as long as this flight, so waiting cannot fail.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    pub(crate) fn log_broken(&self, error: &hyper::Error) {
        let (tenant, request) = (self.tenant, self.request);
        tracing::warn!(%tenant, %request, %error, "an upstream's answer to request {request} of tenant {tenant} broke off");
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.flights.0.count.fetch_sub(1, AcqRel) == 1 {
            self.flights.0.landed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn what_is_held_can_be_ended_from_outside() {
        let held = Tether::hold(async {
            Tether::here().expect("it is held").cut();
            pending::<()>().await;
        });
        assert!(held.await.is_none());
        assert_eq!(Tether::hold(async { 1 }).await, Some(1));
        assert!(Tether::here().is_none());
    }
}
