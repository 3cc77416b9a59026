//! Policies above a route: for all routes, for all routes of an API product. What is asked of a request is asked of it by
//! every scope; where only one can have its say, that is the nearest.

use super::{AddressSpec, PolicySpec, RateSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Policies above routes, as an operator writes them beside the routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// Of all routes.
    #[serde(default)]
    pub policies: PolicySpec,
    /// Of the routes of an API product, by its name.
    #[serde(default)]
    pub product_policies: BTreeMap<String, PolicySpec>,
}

/// What the routes of a product are called, to whoever made a mistake about them.
pub(crate) fn of_product(name: &str) -> String {
    format!("every route of product {name}")
}

/// What limits of all routes count together, unless they name an API.
const EVERY_ROUTE: &str = "every-route";

impl ScopeSpec {
    /// The policies of a route of this product with those above it.
    pub(crate) fn over(&self, product: Option<&str>, own: &PolicySpec) -> PolicySpec {
        let of_product = product.and_then(|name| Some((name, self.product_policies.get(name)?)));
        let nearer = match of_product {
            Some((name, policies)) => under(policies, &format!("product.{name}"), own),
            None => own.clone(),
        };
        under(&self.policies, EVERY_ROUTE, &nearer)
    }

    /// Each scope with what it is called.
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, &PolicySpec)> {
        let products = self.product_policies.iter();
        let products = products.map(|(name, policies)| (of_product(name), policies));
        std::iter::once(("every route".to_owned(), &self.policies)).chain(products)
    }
}

/// The policies of what is nearer, under those of what is farther.
fn under(farther: &PolicySpec, api: &str, nearer: &PolicySpec) -> PolicySpec {
    let together = |limit: &RateSpec| RateSpec {
        api: limit.api.clone().or_else(|| Some(api.to_owned())),
        ..limit.clone()
    };
    let is_said = farther.addresses != AddressSpec::default();
    PolicySpec {
        limits: farther.limits.iter().map(together).chain(nearer.limits.iter().cloned()).collect(),
        addresses: nearer.addresses.clone(),
        above: is_said.then(|| farther.addresses.clone()).into_iter().chain(nearer.above.clone()).collect(),
        cors: nearer.cors.clone().or_else(|| farther.cors.clone()),
        request_headers: [&farther.request_headers[..], &nearer.request_headers].concat(),
        answer_headers: [&farther.answer_headers[..], &nearer.answer_headers].concat(),
        screen: nearer.screen.clone().or_else(|| farther.screen.clone()),
        rewrite: nearer.rewrite.clone().or_else(|| farther.rewrite.clone()),
        cache: nearer.cache.clone().or_else(|| farther.cache.clone()),
        log: nearer.log.clone().or_else(|| farther.log.clone()),
    }
}
