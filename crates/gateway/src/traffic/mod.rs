//! What each tenant sends and receives: counted in memory, limited by its plan, read out by whoever
//! stores it. A tenant's limit is its own: no other tenant's traffic makes it forget.

mod admit;
mod hold;
mod latency;
mod routes;

pub(crate) use hold::{Held, Slot};
pub use latency::{BOUNDS, Latency, Times};
pub(crate) use routes::RouteTimes;

use crate::policy::budget::Budgets;

use access::Tenant;
use domain::TenantId;
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

const SHARDS: usize = 64;

/// The traffic of one tenant since it was last read out.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    requests: AtomicU64,
    errors: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    upstream_micros: AtomicU64,
    /// When the next request would be due if all came evenly; nanoseconds since the ledger began.
    due: AtomicU64,
    /// Requests that are under way.
    in_flight: AtomicU32,
    /// WebSockets that are open.
    sockets: AtomicU32,
    /// Connections of clients on which it is asked.
    connections: AtomicU32,
    latency: latency::Recent,
    /// Bytes of answers that are kept for it.
    pub(crate) kept: AtomicU64,
    /// What was used of the limits of routes.
    pub(crate) budgets: Budgets,
}

/// What one tenant used on this node since the last reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is.
    pub tenant: TenantId,
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

impl Traffic {
    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_error(&self) {
        self.errors.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_in(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn count_out(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn count_wait(&self, wait: Duration) {
        self.upstream_micros.fetch_add(wait.as_micros() as u64, Relaxed);
        self.latency.record(wait);
    }

    fn take(&self, tenant: TenantId) -> Option<Reading> {
        let take = |counter: &AtomicU64| counter.swap(0, Relaxed);
        // Less than a millisecond stays for the next reading, so that nothing is rounded away.
        let micros = take(&self.upstream_micros);
        self.upstream_micros.fetch_add(micros % 1_000, Relaxed);
        let reading = Reading {
            tenant,
            requests: take(&self.requests),
            errors: take(&self.errors),
            bytes_in: take(&self.bytes_in),
            bytes_out: take(&self.bytes_out),
            upstream_ms: micros / 1_000,
        };
        let still = Reading { requests: 0, errors: 0, bytes_in: 0, bytes_out: 0, upstream_ms: 0, ..reading };
        (reading != still).then_some(reading)
    }
}

/// The traffic of all tenants.
#[derive(Debug)]
pub struct Meters {
    shards: Vec<RwLock<HashMap<TenantId, Arc<Traffic>>>>,
    begin: Instant,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Meters { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), begin: Instant::now() }
    }

    /// The traffic of this tenant, to be counted in.
    pub(crate) fn of(&self, tenant: &Tenant) -> Arc<Traffic> {
        // One that was forgotten meanwhile is held by nobody, so the shortcut has ended too.
        tenant.counts.get().unwrap_or_else(|| {
            let traffic = self.numbered(tenant.record.id);
            tenant.counts.put(&traffic);
            traffic
        })
    }

    fn numbered(&self, tenant: TenantId) -> Arc<Traffic> {
        let shard = &self.shards[tenant.bits() as usize % SHARDS];
        if let Some(traffic) = shard.read().get(&tenant) {
            return traffic.clone();
        }
        shard.write().entry(tenant).or_default().clone()
    }

    /// Reads out what was used since the last reading, and begins anew. What was read and is not stored is
    /// lost; a crash loses what was not read.
    pub fn drain(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        let now = self.nanos();
        for shard in &self.shards {
            let mut shard = shard.write();
            readings.extend(shard.iter().filter_map(|(tenant, traffic)| traffic.take(*tenant)));
            // An entry that nobody holds and whose limit has recovered says nothing any more.
            shard.retain(|_, traffic| {
                !traffic.budgets.is_empty()
                    || !traffic.latency.is_empty()
                    || Arc::strong_count(traffic) > 1
                    || !traffic.has_recovered(now)
            });
        }
        readings
    }

    /// Forgets what was used of limits whose windows are over by `now`, in seconds, and times of long ago.
    pub fn forget(&self, now: u64) {
        for shard in &self.shards {
            let known: Vec<_> = shard.read().values().cloned().collect();
            for traffic in known {
                traffic.latency.turn(now);
                if !traffic.budgets.is_empty() {
                    traffic.budgets.sweep(now);
                }
            }
        }
    }

    /// How long answers to this tenant's requests took to begin, in the last minutes; none where there were none.
    pub fn latency_of(&self, tenant: TenantId) -> Option<Latency> {
        self.shards[tenant.bits() as usize % SHARDS].read().get(&tenant)?.latency.read()
    }

    fn nanos(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_out_is_counted_once() {
        let meters = Meters::new();
        let [acme, beta] = [1, 2].map(TenantId::from_bits);
        meters.numbered(acme).count_request();
        meters.numbered(acme).count_out(7);
        meters.numbered(acme).count_wait(Duration::from_micros(1_600));
        meters.numbered(beta).count_in(3);
        let mut first = meters.drain();
        first.sort_by_key(|reading| reading.tenant);
        let nothing =
            Reading { tenant: acme, requests: 0, errors: 0, bytes_in: 0, bytes_out: 0, upstream_ms: 0 };
        assert_eq!(
            first,
            [
                Reading { requests: 1, bytes_out: 7, upstream_ms: 1, ..nothing },
                Reading { tenant: beta, bytes_in: 3, ..nothing }
            ]
        );
        assert_eq!(meters.drain(), []);
    }

    #[test]
    fn what_somebody_still_counts_in_is_not_forgotten() {
        let meters = Meters::new();
        let held = meters.numbered(TenantId::from_bits(1));
        meters.drain();
        held.count_out(5);
        assert_eq!(meters.drain()[0].bytes_out, 5);
    }
}
