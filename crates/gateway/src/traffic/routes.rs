//! The times of routes, by name. A route that is put anew goes on counting; one that is gone is forgotten.

use super::latency::{Histogram, Times};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// The histograms of all routes.
#[derive(Debug, Default)]
pub(crate) struct RouteTimes(RwLock<BTreeMap<Box<str>, Arc<Histogram>>>);

impl RouteTimes {
    pub(crate) fn record(&self, route: &str, wait: std::time::Duration) {
        if let Some(histogram) = self.0.read().get(route) {
            histogram.record(wait);
        }
    }

    /// These are the routes from now on.
    pub(crate) fn keep<'r>(&self, routes: impl Iterator<Item = &'r str>) {
        let mut all = self.0.write();
        let names: HashSet<&str> = routes.collect();
        all.retain(|name, _| names.contains(&**name));
        for name in names {
            all.entry(name.into()).or_default();
        }
    }

    pub(crate) fn read(&self) -> Vec<Times> {
        self.0.read().iter().map(|(name, histogram)| histogram.read(name)).collect()
    }
}
