//! What the routes say about hosts that tenants share, for those who lead people there and back.

use crate::{Authority, gateway::Gateway, resolve::Identifiers, route::Route, target};
use access::TenantRecord;
use domain::ReturnPath;
use http::{HeaderMap, uri::PathAndQuery};
use web::SharedHosts;

impl SharedHosts for Gateway {
    fn is_shared(&self, host: &str) -> bool {
        self.0.routes.load().is_shared(host)
    }

    fn leads_to(&self, host: &str, path: &ReturnPath, tenant: &TenantRecord) -> bool {
        let routes = self.0.routes.load();
        let Ok(wanted) = path.as_str().parse::<PathAndQuery>() else { return false };
        let (Some(route), Ok(authority)) = (routes.pick(host, wanted.path()), Authority::parse(host)) else {
            return false;
        };
        if route.by_host || target::check(wanted.path()).is_err() {
            return false;
        }
        let nothing = HeaderMap::new();
        let found = Identifiers::of(route, &routes, &authority, wanted.path(), wanted.query(), &nothing);
        found.is_ok_and(|found| found.all_name(tenant))
    }

    fn front(&self, host: &str, tenant: &TenantRecord) -> ReturnPath {
        let routes = self.0.routes.load();
        let mut shortest_first = routes.at(host).iter().rev();
        shortest_first.find_map(|route| front(route, tenant)).unwrap_or_else(ReturnPath::root)
    }
}

/// Where this tenant's part of a route begins; none where only a header names the tenant.
fn front(route: &Route, tenant: &TenantRecord) -> Option<ReturnPath> {
    let query = route.query.as_ref().filter(|query| query.maps);
    let path = match query {
        _ if route.by_path => format!("{}/{}/", route.path, tenant.slug),
        Some(query) => format!("{}/?{}={}", route.path, query.name, tenant.slug),
        None => return None,
    };
    path.parse().ok()
}
