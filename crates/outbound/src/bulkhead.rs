//! How many calls are under way at once: in all, to one host, for one tenant.

use crate::policy::Bounds;
use domain::TenantId;
use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places there are. A call takes up to three and waits where none is free.
#[derive(Debug)]
pub(crate) struct Bulkhead {
    everywhere: Arc<Semaphore>,
    hosts: Arc<Places<String>>,
    tenants: Arc<Places<TenantId>>,
}

/// The places that one call holds until it ends.
pub(crate) struct Held {
    _tenant: Option<Place<TenantId>>,
    _host: Place<String>,
    _everywhere: OwnedSemaphorePermit,
}

impl Bulkhead {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Bulkhead {
            everywhere: Arc::new(Semaphore::new(bounds.everywhere)),
            hosts: Places::new(bounds.per_host),
            tenants: Places::new(bounds.per_tenant),
        }
    }

    /// Waits for places. The narrowest comes first: who waits for a tenant's turn holds up no host, who
    /// waits for a host that hangs holds up no other host.
    pub(crate) async fn enter(&self, tenant: Option<TenantId>, host: String) -> Held {
        let tenant = match tenant {
            Some(tenant) => Some(self.tenants.take(tenant).await),
            None => None,
        };
        let host = self.hosts.take(host).await;
        let everywhere = acquire(&self.everywhere).await;
        Held { _tenant: tenant, _host: host, _everywhere: everywhere }
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(semaphore).acquire_owned().await.expect("our semaphores are never closed")
}

/// As many places for each key. A key that nobody uses takes no memory.
#[derive(Debug)]
struct Places<K> {
    each: usize,
    keys: Mutex<HashMap<K, Used>>,
}

/// The places of one key, and how many callers hold or await one.
#[derive(Debug)]
struct Used {
    callers: usize,
    semaphore: Arc<Semaphore>,
}

impl<K: Hash + Eq + Clone> Places<K> {
    fn new(each: usize) -> Arc<Self> {
        Arc::new(Places { each, keys: Mutex::new(HashMap::new()) })
    }

    async fn take(self: &Arc<Self>, key: K) -> Place<K> {
        let semaphore = self.count_in(&key);
        // Made before the wait, so that a caller who gives up waiting is counted out as well.
        let mut place = Place { of: Arc::clone(self), key, permit: None };
        place.permit = Some(acquire(&semaphore).await);
        place
    }

    fn count_in(&self, key: &K) -> Arc<Semaphore> {
        let mut keys = self.keys.lock();
        let used = keys
            .entry(key.clone())
            .or_insert_with(|| Used { callers: 0, semaphore: Arc::new(Semaphore::new(self.each)) });
        used.callers += 1;
        Arc::clone(&used.semaphore)
    }
}

/// One place, or the wait for one.
struct Place<K: Hash + Eq> {
    of: Arc<Places<K>>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        self.permit = None;
        let mut keys = self.of.keys.lock();
        let Some(used) = keys.get_mut(&self.key) else {
            return;
        };
        used.callers -= 1;
        if used.callers == 0 {
            keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const LONG: Duration = Duration::from_secs(3600);

    fn narrow() -> Bulkhead {
        Bulkhead::new(Bounds { everywhere: 3, per_host: 1, per_tenant: 2 })
    }

    fn host(name: &str) -> String {
        name.to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_holds_up_only_itself() {
        let bulkhead = narrow();
        let _hanging = bulkhead.enter(None, host("slow.example")).await;
        assert!(timeout(LONG, bulkhead.enter(None, host("slow.example"))).await.is_err());
        assert!(timeout(LONG, bulkhead.enter(None, host("quick.example"))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_with_many_hanging_hosts_holds_up_only_itself() {
        let bulkhead = narrow();
        let [acme, beta] = [1, 2].map(|bits| Some(TenantId::from_bits(bits)));
        let _one = bulkhead.enter(acme, host("one.example")).await;
        let _two = bulkhead.enter(acme, host("two.example")).await;
        assert!(timeout(LONG, bulkhead.enter(acme, host("three.example"))).await.is_err());
        assert!(timeout(LONG, bulkhead.enter(beta, host("three.example"))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn all_places_together_are_bounded_and_come_back() {
        let bulkhead = narrow();
        let one = bulkhead.enter(None, host("one.example")).await;
        let _two = bulkhead.enter(None, host("two.example")).await;
        let _three = bulkhead.enter(None, host("three.example")).await;
        assert!(timeout(LONG, bulkhead.enter(None, host("four.example"))).await.is_err());
        drop(one);
        assert!(timeout(LONG, bulkhead.enter(None, host("four.example"))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_nobody_calls_any_more_are_forgotten() {
        let bulkhead = narrow();
        let held = bulkhead.enter(Some(TenantId::from_bits(1)), host("one.example")).await;
        let gave_up = timeout(LONG, bulkhead.enter(None, host("one.example"))).await;
        assert!(gave_up.is_err());
        drop(held);
        assert!(bulkhead.hosts.keys.lock().is_empty());
        assert!(bulkhead.tenants.keys.lock().is_empty());
    }
}
