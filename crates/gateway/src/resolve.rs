//! Finding the tenant of a request: what names it, by the route's mapping, and that all of it agrees.

use crate::{
    Authority,
    limits::MOST_IDENTIFIERS,
    problem,
    refuse::No,
    route::{Route, Routes},
    seam::within,
    target::escape,
};
use access::{Cookie, Identifier, Origin, Refusal, Resolved, Source, TenantRecord, Warden};
use http::HeaderMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What in a request names a tenant.
pub(crate) struct Identifiers<'r> {
    found: [Identifier<'r>; MOST_IDENTIFIERS],
    count: usize,
    /// The path up to and with the tenant's segment, where the route maps by path.
    pub(crate) prefix: &'r str,
}

/// How often tenants were looked up by name, and how often a session's cookie made that needless.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    pub(crate) by_name: AtomicU64,
    pub(crate) by_cookie: AtomicU64,
}

impl<'r> Identifiers<'r> {
    /// Collects what the route's mapping, and every further name that it mentions, finds in this request.
    pub(crate) fn of(
        route: &Route,
        routes: &Routes,
        authority: &'r Authority<'_>,
        path: &'r str,
        query: Option<&'r str>,
        headers: &'r HeaderMap,
    ) -> Result<Self, No> {
        let nothing = Identifier { source: Source::Domain, value: "" };
        let mut all = Identifiers { found: [nothing; MOST_IDENTIFIERS], count: 0, prefix: "" };
        if route.by_host {
            match routes.slug_in(&authority.host) {
                Some(slug) => all.push(Source::Subdomain, slug)?,
                None => all.push(Source::Domain, &authority.host)?,
            }
        }
        if route.by_path {
            all.by_path(route, path)?;
        }
        if let (Some(name), Some(query)) = (&route.query, query) {
            for value in parameters(query, &name.name) {
                all.push(Source::Query, value)?;
            }
        }
        if let Some(name) = &route.header {
            for value in headers.get_all(&name.name) {
                all.push(Source::Header, value.to_str().unwrap_or_default())?;
            }
        }
        all.name_what_is_missing(route)?;
        Ok(all)
    }

    fn by_path(&mut self, route: &Route, path: &'r str) -> Result<(), No> {
        let rest = within(path, &route.path).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        let segment = rest.split('/').next().unwrap_or_default();
        if !segment.is_empty() {
            self.push(Source::Path, segment)?;
            self.prefix = &path[..route.path.len() + 1 + segment.len()];
        }
        Ok(())
    }

    /// What the route's expression says is one more thing that names the tenant, and looked up like any other. Where
    /// that is the route's only way, it must say something.
    pub(crate) fn add_said(&mut self, route: &Route, said: Option<&'r str>) -> Result<(), No> {
        match said.filter(|said| !said.is_empty()) {
            Some(said) => self.push(Source::Expression, said),
            None if self.count > 0 || route.by_credential() => Ok(()),
            None => {
                let how =
                    "The expression by which this address finds the tenant says nothing for this request.";
                Err(No::with(problem::TENANT_UNNAMED, how.to_owned()))
            }
        }
    }

    /// What stands in the body names the tenant too. A form may say it several times, and must say the same.
    pub(crate) fn add_read(&mut self, names: &'r [String]) -> Result<(), No> {
        names.iter().try_for_each(|name| self.push(Source::Body, name))
    }

    fn push(&mut self, source: Source, value: &'r str) -> Result<(), No> {
        let place = self.found.get_mut(self.count).ok_or_else(|| No::from(Refusal::Disagreement))?;
        *place = Identifier { source, value };
        self.count += 1;
        Ok(())
    }

    /// A name that only checks does not map. Where nothing maps, a program is told what it forgot.
    fn name_what_is_missing(&self, route: &Route) -> Result<(), No> {
        let query = route.query.as_ref().filter(|name| name.maps);
        let header = route.header.as_ref().filter(|name| name.maps);
        let maps = |found: &Identifier<'_>| match found.source {
            Source::Query => query.is_some(),
            Source::Header => header.is_some(),
            Source::Domain | Source::Subdomain | Source::Path | Source::Expression | Source::Body => true,
        };
        if route.by_credential()
            || route.says_tenant.is_some()
            || route.body.is_some()
            || self.all().iter().any(maps)
        {
            return Ok(());
        }
        let header = header.map(|name| format!("the request header `{}`", crate::headers::shown(&name.name)));
        let query = query.map(|name| format!("the query parameter `{}`", name.name));
        let missing = match (header, query) {
            (Some(header), Some(query)) => format!("{header} or {query}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Err(Refusal::NoTenantNamed.into()),
        };
        Err(No::with(
            problem::TENANT_UNNAMED,
            format!("Name the tenant in {missing}, as its id or its slug."),
        ))
    }

    /// Whether all of it names this tenant.
    pub(crate) fn all_name(&self, tenant: &TenantRecord) -> bool {
        self.all().iter().all(|identifier| names(tenant, identifier))
    }

    fn all(&self) -> &[Identifier<'r>] {
        &self.found[..self.count]
    }

    /// Whether nothing in the request names a tenant.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The tenant that all of it names. A session's cookie already says which that is: if everything in
    /// the request names that tenant too, nothing has to be looked up by name.
    pub(crate) fn resolve(
        &self,
        warden: &Warden,
        cookie: Option<&Cookie>,
        lookups: &Lookups,
        origin: Origin,
    ) -> Result<Resolved, Refusal> {
        if let Some(Cookie::Tenant { tenant, .. }) = cookie
            && let Ok(resolved) = warden.resolve_id(*tenant)
            && self.all_name(&resolved.tenant().record)
        {
            lookups.by_cookie.fetch_add(1, Relaxed);
            return Ok(resolved);
        }
        lookups.by_name.fetch_add(1, Relaxed);
        warden.resolve(self.all(), origin)
    }
}

/// Whether this identifier names this tenant, by the rules of [`Warden::resolve`].
fn names(record: &TenantRecord, identifier: &Identifier<'_>) -> bool {
    match identifier.source {
        Source::Domain => record.hostnames.iter().any(|host| host.as_str() == identifier.value),
        Source::Subdomain => record.slug.as_str() == identifier.value,
        Source::Path | Source::Query | Source::Header | Source::Expression | Source::Body => {
            match identifier.value.parse() {
                Ok(id) => record.id == id,
                Err(_) => record.slug.as_str() == identifier.value,
            }
        }
    }
}

/// The values of this parameter, as written. The name may be spelled with escapes, since a backend would
/// see through them; a value so spelled names nobody, since no slug and no id needs them.
pub fn parameters<'r>(query: &'r str, name: &str) -> impl Iterator<Item = &'r str> {
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        spells(key.as_bytes(), name.as_bytes()).then_some(value)
    })
}

/// Whether `text`, with its escapes undone, is `name`.
fn spells(mut text: &[u8], name: &[u8]) -> bool {
    for &wanted in name {
        let (byte, length) = match (escape(text), text.first()) {
            (Some(meant), _) => (meant, 3),
            (None, Some(&plain)) => (plain, 1),
            (None, None) => return false,
        };
        if byte != wanted {
            return false;
        }
        text = &text[length..];
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_however_its_name_is_spelled() {
        let found = |query| parameters(query, "tenant").collect::<Vec<_>>();
        assert_eq!(found("a=b&tenant=t1&t%65nant=t2&tenants=t3&tenant"), ["t1", "t2", ""]);
        assert_eq!(found("%74%65%6E%61%6e%74=t1"), ["t1"]);
        assert_eq!(found("xtenant=t1&tenan%=t1&tenant%=t1"), [""; 0]);
    }
}
