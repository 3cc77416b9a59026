//! What can be read out of the gateway, and what has to be done for it now and then.

use crate::{
    deployment::UpstreamStanding,
    gateway::Gateway,
    policy::Shares,
    traffic::{Meters, Times},
};
use domain::{DeploymentId, TenantId};
use std::sync::atomic::Ordering::Relaxed;

impl Gateway {
    /// What tenants used.
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// What is counted together with other nodes.
    pub fn shares(&self) -> &Shares {
        &self.0.shares
    }

    /// How long backends took to begin their answers, by route.
    pub fn times(&self) -> Vec<Times> {
        self.0.times.read()
    }

    /// How many requests the screens of routes would have refused, and how many they refused.
    pub fn screened(&self) -> (u64, u64) {
        (self.0.screened[0].load(Relaxed), self.0.screened[1].load(Relaxed))
    }

    /// How often a tenant was looked up by name, and how often a session's cookie made that needless.
    pub fn lookups(&self) -> (u64, u64) {
        (self.0.lookups.by_name.load(Relaxed), self.0.lookups.by_cookie.load(Relaxed))
    }

    /// How every backend stands at this node.
    pub fn upstreams(&self) -> Vec<UpstreamStanding> {
        self.0.deployments.standing()
    }

    /// How many requests were tried at another backend after one had failed, by deployment.
    pub fn retried(&self) -> Vec<(DeploymentId, u64)> {
        self.0.deployments.retried()
    }

    /// How many requests and sockets are on their way.
    pub fn in_flight(&self) -> usize {
        self.0.flights.count()
    }

    /// Asks backends whether they are well, where their deployments say how, for as long as this is polled.
    pub async fn check_upstreams(&self) {
        self.0.deployments.check().await;
    }

    /// Asks backends of this deployment, or of all, for something without a context.
    pub async fn look_for_exposure(&self, only: Option<DeploymentId>) {
        self.0.deployments.look_for_exposure(only).await;
    }

    /// Closes connections that were kept for too long, and leaves out backends that answer badly. To be called every
    /// second or so.
    pub fn upkeep(&self) {
        self.0.deployments.sweep();
        self.0.kept.sweep(self.0.needs.clock.now());
        self.0.regions.sweep();
        // What else ends a socket is found out when its minute is over; that work begins, at once.
        self.0.sockets.ring(|tenant| self.is_worked_on(tenant));
    }

    /// Whether a tenant's application is being worked on.
    pub(crate) fn is_worked_on(&self, tenant: TenantId) -> bool {
        let needs = &self.0.needs;
        let tenant = needs.warden.tenants().by_id(tenant);
        tenant.is_some_and(|tenant| tenant.record.maintenance.left(needs.clock.now()).is_some())
    }

    /// Ends sockets, and waits until every request has been answered to the end. The caller stops sending
    /// new ones first and sets a bound to the wait.
    pub async fn drain(&self) {
        self.0.flights.drain().await;
    }
}
