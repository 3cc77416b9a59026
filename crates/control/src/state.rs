//! What this room's handlers share.

use crate::{Terms, hostname::Reserved, route::RouteCheck};
use domain::{Event, TenantId, event::names};
use std::sync::Arc;
use store::Store;
use web::Web;

/// The shared parts, cheap to clone.
#[derive(Clone)]
pub struct Control {
    /// The way to the database.
    pub store: Store,
    /// HTTP manners: the warden, the clock, the hosts.
    pub web: Web,
    /// How long things last.
    pub terms: Arc<Terms>,
    /// What says whether the gateway's routes are sound.
    pub check_routes: RouteCheck,
    /// Names that no tenant can have.
    pub(crate) reserved: Arc<Reserved>,
}

impl Control {
    /// Puts the room together.
    pub fn new(store: Store, web: Web, terms: Terms, check_routes: RouteCheck) -> Self {
        let reserved = Arc::new(Reserved::by(&web.hosts));
        Control { store, web, terms: Arc::new(terms), check_routes, reserved }
    }

    /// Lets this node know at once that a tenant's entry has changed.
    pub(crate) async fn hear_tenant(&self, tenant: TenantId) {
        self.web.warden.hear_at_once(tenant, Event::new(names::TENANT_CHANGED, tenant)).await;
    }

    /// The same for what belongs to the platform.
    pub(crate) async fn hear_platform(&self, name: &'static str) {
        self.web.warden.hear_of_platform(Event::new(name, "platform")).await;
    }
}
