//! What the gateway is handed while it runs: routes, deployments, keys.

use crate::{
    context::Signing,
    credential::KeySecrets,
    deployment::DeploymentSpec,
    gateway::Gateway,
    policy::literal,
    product::{ProductSpec, Products},
    region::RegionSpec,
    route::{RouteFault, RouteSpec, Routes},
};
use access::CookieKeys;
use domain::digest::MacKey;
use std::sync::{Arc, atomic::Ordering::Relaxed};

impl Gateway {
    /// Puts the routes that this document describes in place of those before.
    ///
    /// # Errors
    /// Every mistake in it; the routes before then stay in force.
    pub fn set_routes(&self, json: &str) -> Result<(), Vec<RouteFault>> {
        let routes = Routes::parse(json, &self.0.settings.hosts)?;
        self.0.times.keep(routes.names());
        self.0.passes.store(routes.passes_any(), Relaxed);
        self.0.routes.store(Arc::new(routes));
        self.0.kept.forget();
        Ok(())
    }

    /// Checks routes as [`Gateway::set_routes`] would, and leaves those in force as they are.
    ///
    /// # Errors
    /// Every mistake in them.
    pub fn check_routes(&self, json: &str) -> Result<(), Vec<RouteFault>> {
        Routes::parse(json, &self.0.settings.hosts)?;
        let (specs, _) = RouteSpec::all(json, &self.0.settings.hosts);
        let tenants = self.0.needs.warden.tenants();
        let base = self.0.settings.hosts.base.as_str();
        let is_tenants = |name: &str| {
            let label = name.split(':').next().and_then(|host| host.strip_suffix(base)?.strip_suffix('.'));
            tenants.by_slug(label.unwrap_or(name)).is_some() || tenants.by_host(name).is_some()
        };
        let deployments = self.0.deployments.unknown_to(&specs);
        match [literal::names(&specs, is_tenants), deployments].concat() {
            faults if faults.is_empty() => Ok(()),
            faults => Err(faults),
        }
    }

    /// Puts these regions in place of those before; ours among them is not asked. Nodes know each other by what is
    /// signed with `key`, which all of them have.
    pub fn set_regions(&self, regions: Vec<RegionSpec>, key: MacKey) {
        self.0.regions.set(regions, key);
    }

    /// Puts these deployments in place of those before. Connections to upstreams that stay are kept.
    pub fn set_deployments(&self, deployments: Vec<DeploymentSpec>) {
        self.0.deployments.set(deployments);
    }

    /// Forgets every answer that is kept.
    pub fn forget_answers(&self) {
        self.0.kept.forget();
    }

    /// These API products can be had from now on, and no others.
    pub fn set_products(&self, products: Vec<ProductSpec>) {
        self.0.products.store(Arc::new(Products::of(products)));
    }

    /// Believes session cookies under these keys from now on.
    pub fn set_cookie_keys(&self, keys: CookieKeys) {
        self.0.cookies.store(Arc::new(keys));
    }

    /// Believes signed API keys under these secrets from now on.
    pub fn set_key_secrets(&self, secrets: KeySecrets) {
        self.0.key_secrets.store(Arc::new(secrets));
    }

    /// Signs contexts with this key from now on, and believes access tokens by the keys that are published with it.
    pub fn set_signing(&self, signing: Signing) {
        self.0.own.set(&signing);
        self.0.contexts.set_signing(signing);
    }

    /// Whether any route passes connections on by the name that they ask for.
    pub fn passes_any(&self) -> bool {
        self.0.passes.load(Relaxed)
    }
}
