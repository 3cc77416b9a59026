//! What each tenant sends and receives: counted in memory, limited by its plan, read out by whoever
//! stores it. A tenant's limit is its own: no other tenant's traffic makes it forget.

mod account;
mod admit;
mod hold;
mod latency;
mod routes;

pub use account::Used;
pub(crate) use account::{Account, Counts};
pub(crate) use hold::{Held, Slot};
pub use latency::{BOUNDS, Latency, Times};
pub(crate) use routes::RouteTimes;

use crate::policy::budget::Budgets;

use access::Tenant;
use domain::{SubscriberId, TenantId};
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64},
    },
};
use tokio::time::Instant;

const SHARDS: usize = 64;

/// The traffic of one tenant.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    counts: Counts,
    subscribers: RwLock<HashMap<SubscriberId, Arc<Counts>>>,
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

/// What one tenant, or one of its subscribers, used on this node since the last reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which of its subscribers'; none for everybody's together.
    pub subscriber: Option<SubscriberId>,
    /// How much it is.
    pub used: Used,
}

impl Traffic {
    fn take(&self, tenant: TenantId, readings: &mut Vec<Reading>) {
        let all = self.counts.take().map(|used| Reading { tenant, subscriber: None, used });
        let own = self.take_subscribers().into_iter();
        let own = own.map(|(id, used)| Reading { tenant, subscriber: Some(id), used });
        readings.extend(all.into_iter().chain(own));
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
            shard.iter().for_each(|(tenant, traffic)| traffic.take(*tenant, &mut readings));
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
    use std::time::Duration;

    const ACME: TenantId = TenantId::from_bits(1);
    const BETA: TenantId = TenantId::from_bits(2);

    fn account(meters: &Meters, tenant: TenantId) -> Account {
        Account::of_tenant(meters.numbered(tenant))
    }

    #[test]
    fn what_is_read_out_is_counted_once() {
        let meters = Meters::new();
        account(&meters, ACME).count_request();
        account(&meters, ACME).count_out(7);
        account(&meters, ACME).count_wait(Duration::from_micros(1_600));
        account(&meters, BETA).count_in(3);
        let mut first = meters.drain();
        first.sort_by_key(|reading| reading.tenant);
        let acme = Used { requests: 1, bytes_out: 7, upstream_ms: 1, ..Used::default() };
        let beta = Used { bytes_in: 3, ..Used::default() };
        let reading = |tenant, used| Reading { tenant, subscriber: None, used };
        assert_eq!(first, [reading(ACME, acme), reading(BETA, beta)]);
        assert_eq!(meters.drain(), []);
    }

    #[test]
    fn what_somebody_still_counts_in_is_not_forgotten() {
        let meters = Meters::new();
        let held = account(&meters, ACME);
        meters.drain();
        held.count_out(5);
        assert_eq!(meters.drain()[0].used.bytes_out, 5);
    }
}
