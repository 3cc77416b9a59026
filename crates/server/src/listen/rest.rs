//! How long nothing is asked on a connection. One that rests, or on which only pings come and go, would stay for good,
//! and there is room for so many.

use super::body::{Broken, Reply};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// What is under way on one connection.
#[derive(Clone)]
pub(super) struct Work(Arc<Ledger>);

struct Ledger {
    under_way: AtomicUsize,
    begun: AtomicU64,
    begin: Instant,
    /// Milliseconds after `begin`, of the last end.
    ended: AtomicU64,
}

/// A request that is under way, until it is dropped.
pub(super) struct AtWork(Work);

/// The body of an answer, whose request is under way until it was sent.
pub(super) struct Held {
    body: Reply,
    _at_work: AtWork,
}

impl Work {
    pub(super) fn new() -> Self {
        let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
        Work(Arc::new(Ledger { under_way: AtomicUsize::new(0), begun, begin: Instant::now(), ended }))
    }

    pub(super) fn begin(&self) -> AtWork {
        self.0.under_way.fetch_add(1, SeqCst);
        self.0.begun.fetch_add(1, SeqCst);
        AtWork(self.clone())
    }

    /// How many requests have begun.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(SeqCst)
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.0.under_way.load(SeqCst) > 0
    }

    /// Ends when nothing was under way for this long.
    pub(super) async fn rests_for(&self, rest: Duration) {
        loop {
            let ended = self.0.begin + Duration::from_millis(self.0.ended.load(SeqCst));
            let (now, over) = (Instant::now(), ended + rest);
            match self.0.under_way.load(SeqCst) {
                0 if over <= now => return,
                0 => sleep_until(over).await,
                _ => sleep_until(now + rest).await,
            }
        }
    }
}

impl AtWork {
    pub(super) fn holds(self, body: Reply) -> Held {
        Held { body, _at_work: self }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let ledger = &self.0.0;
        ledger.ended.store(ledger.begin.elapsed().as_millis() as u64, SeqCst);
        ledger.under_way.fetch_sub(1, SeqCst);
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, timeout};

    const REST: Duration = Duration::from_secs(100);

    #[tokio::test(start_paused = true)]
    async fn a_connection_on_which_nothing_is_asked_has_rested_enough() {
        let work = Work::new();
        timeout(REST * 2, work.rests_for(REST)).await.expect("nothing was ever asked");
        let asked = work.begin();
        assert!(timeout(REST * 9, work.rests_for(REST)).await.is_err(), "something is under way");
        drop(asked);
        advance(REST / 2).await;
        assert!(timeout(REST / 4, work.rests_for(REST)).await.is_err(), "it ended just now");
        timeout(REST, work.rests_for(REST)).await.expect("it ended long ago");
    }
}
