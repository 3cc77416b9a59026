//! What this room's handlers share.

use crate::{
    Terms,
    certificate::{self, CheckPair},
    deployment::{AskDirectly, StandingOf, nobody_asks, nobody_stands},
    hostname::Reserved,
    issuer::{self, Judge},
    order::Ordering,
    own_domain::{NoProof, Prove},
    region::{self, Lifetimes},
    route::{Rehearse, RouteCheck, nobody},
    times::{self, TimesOf},
};
use domain::{Digest, Event, TenantId, event::names};
use std::{collections::HashSet, sync::Arc};
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
    /// What plays requests through.
    pub rehearse: Rehearse,
    /// What knows how long answers took.
    pub times_of: TimesOf,
    /// What knows how backends stand.
    pub standing_of: StandingOf,
    /// What asks backends without a context.
    pub ask_directly: AskDirectly,
    /// What says whether a certificate can be shown.
    pub check_pair: CheckPair,
    /// Who looks for the proof of domains.
    pub prober: Arc<dyn Prove>,
    /// Whom certificates are ordered from, where any are.
    pub ordering: Option<Ordering>,
    /// Who knows how long names are remembered.
    pub lifetimes: Arc<dyn Lifetimes>,
    /// Who judges bearer tokens.
    pub judge: Arc<dyn Judge>,
    /// The hashes of the keys of authorities that everybody trusts: nobody's trust anchors.
    pub public_roots: Arc<HashSet<Digest>>,
    /// Names that no tenant can have.
    pub(crate) reserved: Arc<Reserved>,
}

impl Control {
    /// Puts the room together.
    pub fn new(store: Store, web: Web, terms: Terms, check_routes: RouteCheck) -> Self {
        let reserved = Arc::new(Reserved::by(&web.hosts));
        Control {
            store,
            web,
            terms: Arc::new(terms),
            check_routes,
            rehearse: nobody(),
            times_of: times::none(),
            standing_of: nobody_stands(),
            ask_directly: nobody_asks(),
            prober: Arc::new(NoProof),
            lifetimes: region::nobody_knows(),
            check_pair: certificate::none(),
            ordering: None,
            judge: issuer::nobody(),
            public_roots: Arc::default(),
            reserved,
        }
    }

    /// The same room, where sample requests can be played through.
    pub fn with_rehearsals(self, rehearse: Rehearse) -> Self {
        Control { rehearse, ..self }
    }

    /// The same room, on nodes that end TLS.
    pub fn with_certificates(self, check_pair: CheckPair) -> Self {
        Control { check_pair, ..self }
    }

    /// The same room, where certificates are ordered.
    pub fn with_orders(self, ordering: Option<Ordering>) -> Self {
        Control { ordering, ..self }
    }

    /// The same room, where the proof of domains can be found.
    pub fn with_prober(self, prober: Arc<dyn Prove>) -> Self {
        Control { prober, ..self }
    }

    /// The same room, where it is known how long names are remembered.
    pub fn with_lifetimes(self, lifetimes: Arc<dyn Lifetimes>) -> Self {
        Control { lifetimes, ..self }
    }

    /// The same room, where it is known how long answers took.
    pub fn with_times(self, times_of: TimesOf) -> Self {
        Control { times_of, ..self }
    }

    /// The same room, where it is known how backends stand.
    pub fn with_standing(self, standing_of: StandingOf, ask_directly: AskDirectly) -> Self {
        Control { standing_of, ask_directly, ..self }
    }

    /// The same room, where bearer tokens are judged.
    pub fn with_judge(self, judge: Arc<dyn Judge>) -> Self {
        Control { judge, ..self }
    }

    /// The same room, where these authorities are nobody's.
    pub fn with_public_roots(self, keys: HashSet<Digest>) -> Self {
        Control { public_roots: Arc::new(keys), ..self }
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
