//! On whose account something goes: a tenant's, and where one of its subscribers' API keys was presented, that
//! subscriber's too. A tenant has as many subscribers in memory as called it since the last reading.

use super::Traffic;
use access::Caller;
use domain::SubscriberId;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// What was used since it was last read out.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    requests: AtomicU64,
    errors: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    upstream_micros: AtomicU64,
}

/// What was used between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Requests forwarded.
    pub requests: u64,
    /// Requests whose upstream failed or answered with 5xx.
    pub errors: u64,
    /// Bytes of bodies and sockets from clients.
    pub bytes_in: u64,
    /// Bytes of bodies and sockets to clients.
    pub bytes_out: u64,
    /// Milliseconds until upstreams began to answer, added up.
    pub upstream_ms: u64,
}

impl Counts {
    /// Reads out, and begins anew; none if nothing was used.
    pub(super) fn take(&self) -> Option<Used> {
        let take = |counter: &AtomicU64| counter.swap(0, Relaxed);
        // Less than a millisecond stays for the next reading, so that nothing is rounded away.
        let micros = take(&self.upstream_micros);
        self.upstream_micros.fetch_add(micros % 1_000, Relaxed);
        let used = Used {
            requests: take(&self.requests),
            errors: take(&self.errors),
            bytes_in: take(&self.bytes_in),
            bytes_out: take(&self.bytes_out),
            upstream_ms: micros / 1_000,
        };
        (used != Used::default()).then_some(used)
    }
}

/// Where one request is counted.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    tenant: Arc<Traffic>,
    subscriber: Option<Arc<Counts>>,
}

impl Account {
    /// The tenant's, and that of the subscriber who calls, if one does.
    pub(crate) fn of(tenant: Arc<Traffic>, caller: &Caller) -> Self {
        let subscriber = caller.key().map(|holder| tenant.of_subscriber(holder.subscriber));
        Account { tenant, subscriber }
    }

    /// A tenant's, whoever calls.
    pub(crate) fn of_tenant(tenant: Arc<Traffic>) -> Self {
        Account { tenant, subscriber: None }
    }

    /// The tenant's traffic.
    pub(crate) fn tenant(&self) -> &Arc<Traffic> {
        &self.tenant
    }

    pub(crate) fn count_request(&self) {
        self.each(|counts| counts.requests.fetch_add(1, Relaxed));
    }

    pub(crate) fn count_error(&self) {
        self.each(|counts| counts.errors.fetch_add(1, Relaxed));
    }

    pub(crate) fn count_in(&self, bytes: usize) {
        self.each(|counts| counts.bytes_in.fetch_add(bytes as u64, Relaxed));
    }

    pub(crate) fn count_out(&self, bytes: usize) {
        self.each(|counts| counts.bytes_out.fetch_add(bytes as u64, Relaxed));
    }

    pub(crate) fn count_wait(&self, wait: Duration) {
        self.each(|counts| counts.upstream_micros.fetch_add(wait.as_micros() as u64, Relaxed));
        self.tenant.latency.record(wait);
    }

    fn each(&self, count: impl Fn(&Counts) -> u64) {
        count(&self.tenant.counts);
        if let Some(subscriber) = &self.subscriber {
            count(subscriber);
        }
    }
}

impl Traffic {
    fn of_subscriber(&self, subscriber: SubscriberId) -> Arc<Counts> {
        if let Some(counts) = self.subscribers.read().get(&subscriber) {
            return counts.clone();
        }
        self.subscribers.write().entry(subscriber).or_default().clone()
    }

    /// What its subscribers used; those that nobody counts for any more are forgotten.
    pub(super) fn take_subscribers(&self) -> Vec<(SubscriberId, Used)> {
        if self.subscribers.read().is_empty() {
            return Vec::new();
        }
        let mut subscribers = self.subscribers.write();
        let taken = subscribers.iter().filter_map(|(id, counts)| Some((*id, counts.take()?))).collect();
        subscribers.retain(|_, counts| Arc::strong_count(counts) > 1);
        taken
    }
}
