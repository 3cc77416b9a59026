//! What certificate a domain shows, and what is being done for the next.

use crate::{certificate, certificate::Held, order, order::Order};
use access::{Permit, TenantAction};
use domain::{Hostname, Moment};
use std::{collections::HashMap, time::Duration};
use store::{Store, StoreError};

/// A certificate that ends within this time is one to see to.
const SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// The certificates and orders of a tenant, by name.
pub(super) struct All {
    held: HashMap<Hostname, Held>,
    orders: HashMap<Hostname, Order>,
    now: Moment,
}

/// How one domain's certificate stands.
pub(super) struct Secured {
    /// `uploaded`, `ordered`, `waiting` or `failed`.
    pub(super) standing: &'static str,
    /// Until when the one is good that is shown; none while the domain has none of its own.
    pub(super) ends_at: Option<Moment>,
    /// Why the last order failed, or what it waits for.
    pub(super) why: String,
    /// When the authority is asked next, if it is.
    pub(super) next_at: Option<Moment>,
    /// Whether it has ended, or will soon.
    pub(super) is_ending: bool,
}

/// Those of the permit's tenant.
pub(super) async fn all<A: TenantAction>(store: &Store, permit: &Permit<A>) -> Result<All, StoreError> {
    let held = certificate::of_tenant(store, permit).await?;
    let orders = order::of_tenant(store, permit).await?;
    Ok(All {
        held: held.into_iter().map(|held| (held.host.clone(), held)).collect(),
        orders: orders.into_iter().map(|order| (order.host.clone(), order)).collect(),
        now: store.clock().now(),
    })
}

impl All {
    /// That of one domain; none where it has none and nobody is asked for one.
    pub(super) fn of(&self, host: &Hostname) -> Option<Secured> {
        let (held, order) = (self.held.get(host), self.orders.get(host));
        let standing = match (held, order) {
            (None, None) => return None,
            (_, Some(order)) if order.standing == order::Standing::Failed => "failed",
            (Some(held), _) => held.source.name(),
            (None, Some(_)) => "waiting",
        };
        let ends_at = held.map(|held| held.ends_at);
        Some(Secured {
            standing,
            ends_at,
            why: order.map(|order| order.fault.clone()).unwrap_or_default(),
            next_at: order.map(|order| order.due_at),
            is_ending: ends_at.is_some_and(|ends| ends <= self.now + SOON),
        })
    }
}
