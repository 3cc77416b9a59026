//! Whose a client's connection is. That shows by the name that it asks for by TLS, and by what is asked on it; from then
//! on it counts for that tenant, until it closes. A tenant whose clients hold as many as its plan allows gets no
//! further ones, and leaves room for the clients of others.

use crate::{
    gateway::Gateway,
    traffic::{Held, Slot, Traffic},
};
use access::Tenant;
use domain::{Limit, TenantId};
use parking_lot::Mutex;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use tokio::sync::Notify;

/// One connection may ask several tenants, as browsers do over HTTP/2 where a certificate has several names. It counts
/// for so many of them; whoever asks more is counted for the last.
const MOST_TENANTS: usize = 16;

/// A client's connection, shared by all requests on it.
#[derive(Default)]
pub struct Connection {
    /// The first tenant that it counts for: nearly always the only one.
    first: OnceLock<TenantId>,
    places: Mutex<Vec<(TenantId, Slot)>>,
    turned_away: Notify,
}

impl Connection {
    /// A connection that counts for nobody yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Connection::default())
    }

    /// Ready when a tenant that was asked on it has no room for it: then it is to be closed, once what is under way was
    /// answered.
    pub async fn turned_away(&self) {
        self.turned_away.notified().await;
    }

    /// Counts for this tenant; gives whether there is room, of which `most` says how much.
    pub(crate) fn counts_for(&self, tenant: TenantId, traffic: &Arc<Traffic>, most: u64) -> bool {
        if self.first.get() == Some(&tenant) {
            return true;
        }
        let mut places = self.places.lock();
        if places.iter().any(|(counted, _)| *counted == tenant) {
            return true;
        }
        let Some(slot) = traffic.hold(Held::Connection, most) else {
            self.turned_away.notify_one();
            return false;
        };
        if places.len() >= MOST_TENANTS {
            places.remove(1);
        }
        places.push((tenant, slot));
        let _ = self.first.set(tenant);
        true
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection of {:?}", self.first.get())
    }
}

impl Gateway {
    /// Whether there is room for a connection at the tenant of which this name is, by which it asks by TLS. A name that
    /// is no tenant's says nothing yet.
    pub fn has_room(&self, connection: &Connection, name: &str) -> bool {
        let (routes, name) = (self.0.routes.load(), &*name.to_ascii_lowercase());
        let tenants = self.0.needs.warden.tenants();
        let tenant = match routes.slug_in(name) {
            Some(slug) => tenants.by_slug(slug),
            None => tenants.by_host(name),
        };
        tenant.is_none_or(|tenant| self.counts(connection, &tenant))
    }

    /// Counts a connection for a tenant; gives whether there is room.
    pub(crate) fn counts(&self, connection: &Connection, tenant: &Tenant) -> bool {
        let most = tenant.record.limits.of(Limit::ClientConnections);
        connection.counts_for(tenant.record.id, &self.0.meters.of(tenant), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: TenantId = TenantId::from_bits(1);
    const BETA: TenantId = TenantId::from_bits(2);

    #[tokio::test]
    async fn a_connection_counts_once_and_for_every_tenant_that_is_asked_on_it() {
        let (acme, beta) = (Arc::new(Traffic::default()), Arc::new(Traffic::default()));
        let (one, two) = (Connection::new(), Connection::new());
        for _ in 0..3 {
            assert!(one.counts_for(ACME, &acme, 1) && one.counts_for(BETA, &beta, 1));
        }
        assert!(!two.counts_for(ACME, &acme, 1), "there is no room");
        two.turned_away().await;
        drop(one);
        assert!(two.counts_for(ACME, &acme, 1), "what was held came back");
        assert_eq!((acme.held(Held::Connection), beta.held(Held::Connection)), (1, 0));
    }

    #[test]
    fn whoever_asks_every_tenant_on_one_connection_holds_a_bounded_number() {
        let (connection, traffic) = (Connection::new(), Arc::new(Traffic::default()));
        for tenant in 0..1_000 {
            assert!(connection.counts_for(TenantId::from_bits(tenant), &traffic, 0));
        }
        assert_eq!(traffic.held(Held::Connection) as usize, MOST_TENANTS);
    }
}
