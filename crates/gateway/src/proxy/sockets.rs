//! The WebSockets that are open, by tenant: so that those of one whose doors close are asked at once whether they may go
//! on, rather than when their minute is over.

use domain::TenantId;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};
use tokio::sync::Notify;

/// All of them.
#[derive(Default)]
pub(crate) struct Sockets(Mutex<HashMap<TenantId, Weak<Notify>>>);

impl Sockets {
    /// What a socket of this tenant listens to for as long as it is open.
    pub(crate) fn join(&self, tenant: TenantId) -> Arc<Notify> {
        let mut open = self.0.lock();
        if let Some(bell) = open.get(&tenant).and_then(Weak::upgrade) {
            return bell;
        }
        let bell = Arc::new(Notify::new());
        open.insert(tenant, Arc::downgrade(&bell));
        bell
    }

    /// Rings at the sockets of tenants of which this is true, and forgets those that have none.
    pub(crate) fn ring(&self, is_closing: impl Fn(TenantId) -> bool) {
        self.0.lock().retain(|tenant, bell| {
            let Some(bell) = bell.upgrade() else { return false };
            if is_closing(*tenant) {
                bell.notify_waiters();
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_sockets_of_tenants_that_close_are_asked() {
        let (sockets, [acme, beta]) = (Sockets::default(), [1, 2].map(TenantId::from_bits));
        let (first, second, other) = (sockets.join(acme), sockets.join(acme), sockets.join(beta));
        {
            let (heard, heard_too, not) = (first.notified(), second.notified(), other.notified());
            tokio::pin!(heard, heard_too, not);
            assert!(!heard.as_mut().enable() && !heard_too.as_mut().enable() && !not.as_mut().enable());
            sockets.ring(|tenant| tenant == acme);
            heard.await;
            heard_too.await;
            assert!(!not.as_mut().enable());
        }
        drop((first, second));
        sockets.ring(|_| false);
        assert_eq!(sockets.0.lock().len(), 1, "those that have none are forgotten");
    }
}
