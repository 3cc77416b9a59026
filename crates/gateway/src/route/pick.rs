//! Finding the route of a request: the most exact host first, then the longest path.

use super::{CredentialKind, Route, Routes};
use crate::{
    expression::{Asked, holds, looks},
    look::Look,
    onlook::{Nobody, Onlooker},
    refuse::No,
    seam::within,
};
use http::request::Parts;
use std::sync::Arc;

impl Routes {
    /// The route for this host and path. A host that has routes of its own is never answered by those of
    /// a wider pattern: what is not said for it is not there.
    pub(crate) fn pick(&self, host: &str, path: &str) -> Option<&Arc<Route>> {
        self.for_path(host, path).find(|route| route.when.is_none())
    }

    /// The route for this request: the first whose condition holds, of those for its host and path.
    pub(crate) async fn pick_for(
        &self,
        host: &str,
        (parts, asked): (&Parts, &Asked<'_>),
        look: &mut Look<'_>,
        onlooker: &mut impl Onlooker,
    ) -> Result<Option<&Arc<Route>>, No> {
        for route in self.for_path(host, asked.path()) {
            if let Some(reads) = &route.reads
                && route.when.as_ref().is_some_and(looks)
            {
                look.read_for(reads, parts, onlooker).await?;
            }
            if holds("when", route.when.as_ref(), &asked.with(look), onlooker)? {
                return Ok(Some(route));
            }
        }
        Ok(None)
    }

    /// The same before anything is read of its body: conditions that speak of that do not hold.
    pub(crate) fn pick_by_head(&self, host: &str, asked: &Asked<'_>) -> Result<Option<&Arc<Route>>, No> {
        for route in self.for_path(host, asked.path()) {
            if holds("when", route.when.as_ref(), asked, &mut Nobody)? {
                return Ok(Some(route));
            }
        }
        Ok(None)
    }

    /// Kept in order of falling length, and of those with the same path the ones with a condition first.
    fn for_path(&self, host: &str, path: &str) -> impl Iterator<Item = &Arc<Route>> {
        let takes =
            move |route: &&Arc<Route>| route.pass_through.is_none() && within(path, &route.path).is_some();
        self.candidates_for(host).iter().filter(takes)
    }

    fn candidates_for(&self, host: &str) -> &[Arc<Route>] {
        match self.exact.get(host) {
            Some(own) => own,
            None if self.slug_in(host).is_some() => &self.under_base,
            None => &self.anywhere,
        }
    }

    /// The route that passes connections on which ask for this name.
    pub(crate) fn passing(&self, name: &str) -> Option<&Arc<Route>> {
        self.candidates_for(name).iter().find(|route| route.pass_through.is_some())
    }

    /// Whether any does.
    pub(crate) fn passes_any(&self) -> bool {
        let lists = self.exact.values().chain([&self.under_base, &self.anywhere]);
        lists.flatten().any(|route| route.pass_through.is_some())
    }

    /// Whether a route for this host takes client certificates; whether any does, where no host is said.
    pub(crate) fn want_certificates(&self, host: Option<&str>) -> bool {
        let takes = |route: &Arc<Route>| route.takes(CredentialKind::Certificate);
        match host {
            Some(host) => self.candidates_for(host).iter().any(takes),
            None => self.exact.values().chain([&self.under_base, &self.anywhere]).flatten().any(takes),
        }
    }

    /// What they are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let lists = self.exact.values().chain([&self.under_base, &self.anywhere]);
        lists.flatten().map(|route| &*route.name)
    }

    /// The routes of this one host, those with the longest paths first.
    pub(crate) fn at(&self, host: &str) -> &[Arc<Route>] {
        self.exact.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether tenants share this host: it has routes of its own, and the host is not what names the tenant.
    pub(crate) fn is_shared(&self, host: &str) -> bool {
        self.at(host).iter().any(|route| !route.by_host)
    }

    /// The one label before the base domain, if the host is that.
    pub(crate) fn slug_in<'h>(&self, host: &'h str) -> Option<&'h str> {
        let label = host.strip_suffix(&*self.base)?.strip_suffix('.')?;
        (!label.is_empty() && !label.contains('.')).then_some(label)
    }
}
