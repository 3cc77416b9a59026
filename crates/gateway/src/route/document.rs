//! What an operator puts: an array of routes, or an object that has them and the policies above them.

use super::{Hosts, RouteFault, RouteSpec};
use crate::policy::{Policies, ScopeSpec, of_product};
use serde_json::Value;

fn fault(route: &str, what: impl Into<String>) -> RouteFault {
    RouteFault { route: route.to_owned(), key: "", what: what.into() }
}

impl RouteSpec {
    /// The routes of this document, each with the policies above it, and what in it is wrong already.
    pub(crate) fn all(json: &str, hosts: &Hosts) -> (Vec<Self>, Vec<RouteFault>) {
        let (items, scopes) = match serde_json::from_str(json) {
            Ok(Value::Array(items)) => (items, Ok(ScopeSpec::default())),
            Ok(Value::Object(mut members)) => {
                let items = match members.remove("routes") {
                    Some(Value::Array(items)) => items,
                    None => Vec::new(),
                    Some(_) => return (Vec::new(), vec![fault("all", "`routes` is no array")]),
                };
                (items, serde_json::from_value(Value::Object(members)))
            }
            Ok(_) => {
                return (Vec::new(), vec![fault("all", "this is neither an array of routes nor an object")]);
            }
            Err(error) => return (Vec::new(), vec![fault("all", format!("this is no JSON: {error}"))]),
        };
        let scopes = match scopes {
            Ok(scopes) => scopes,
            Err(error) => return (Vec::new(), vec![fault("every route", error.to_string())]),
        };
        let (mut specs, mut faults) = (Vec::new(), mistakes(&scopes));
        // What is wrong above is wrong in every route, and said once.
        let scopes = if faults.is_empty() { scopes } else { ScopeSpec::default() };
        for (at, item) in items.into_iter().enumerate() {
            let name = item["name"].as_str().map_or_else(|| format!("number {}", at + 1), str::to_owned);
            match serde_json::from_value::<Self>(item) {
                Ok(spec) => specs.push(spec),
                Err(error) => faults.push(fault(&name, error.to_string())),
            }
        }
        if specs.is_empty() && faults.is_empty() && scopes != ScopeSpec::default() {
            specs.extend(Self::standard(hosts));
        }
        if faults.is_empty() {
            let is_nobodys = |name: &&String| {
                !specs
                    .iter()
                    .any(|spec| spec.product.as_ref().is_some_and(|own| own.as_ref() == name.as_str()))
            };
            let nobodys = scopes.product_policies.keys().filter(is_nobodys);
            faults.extend(nobodys.map(|name| fault(&of_product(name), "no route belongs to this product")));
        }
        // Nothing is read of what is passed on, and so nothing asked of it.
        for spec in specs.iter_mut().filter(|spec| spec.pass_through.is_none()) {
            spec.policies = scopes.over(spec.product.as_ref().map(AsRef::as_ref), &spec.policies);
        }
        (specs, faults)
    }

    /// The routes of a fresh installation: tenants by host, under the base domain and at their own hostnames, for
    /// browsers, members only.
    pub(super) fn standard(hosts: &Hosts) -> [Self; 2] {
        [Self::new("tenants", &format!("*.{}", hosts.base)), Self::new("own-hostnames", "*")]
    }
}

/// What is wrong in the policies above routes.
fn mistakes(scopes: &ScopeSpec) -> Vec<RouteFault> {
    let mut faults = Vec::new();
    for (name, policies) in scopes.all() {
        Policies::of(policies, (&name, 1), &mut |key, what| {
            faults.push(RouteFault { route: name.clone(), key, what });
        });
    }
    faults
}
