//! At which gate somebody enters a tenant: the tenant's own host, a host that tenants share, or the console.
//! Whatever an address says, no gate leads anywhere else.

use crate::{Identity, sign_in::leave::Whither};
use access::Tenant;
use domain::{ConnectionId, Hostname, ReturnPath};
use url::form_urlencoded::Serializer;

/// A gate of a tenant's.
pub(crate) struct Gate<'a> {
    room: &'a Identity,
    tenant: &'a Tenant,
    place: Place<'a>,
}

enum Place<'a> {
    /// The tenant's own host; none for that of its slug.
    Own(Option<&'a Hostname>),
    Shared(&'a Hostname),
    Console,
}

impl<'a> Gate<'a> {
    /// The gate that is meant. A host that is neither the tenant's nor shared is passed over.
    pub(crate) fn of(
        room: &'a Identity,
        tenant: &'a Tenant,
        whither: Whither,
        host: Option<&'a Hostname>,
    ) -> Self {
        let place = match (whither, host) {
            (Whither::Console, _) => Place::Console,
            (Whither::Tenant, Some(host)) if room.web.shared.is_shared(host.as_str()) => Place::Shared(host),
            (Whither::Tenant, host) => Place::Own(host.filter(|host| tenant.record.hostnames.contains(host))),
        };
        Gate { room, tenant, place }
    }

    /// The host that has to be said for the way to lead here; none where that goes without saying.
    pub(crate) fn host(&self) -> Option<&'a Hostname> {
        match self.place {
            Place::Own(host) => host,
            Place::Shared(host) => Some(host),
            Place::Console => None,
        }
    }

    /// What the gate is called where hand-overs are kept: one for a shared host is good at no other.
    pub(crate) fn name(&self) -> String {
        match self.place {
            Place::Own(_) => Whither::Tenant.name().to_owned(),
            Place::Shared(host) => shared_name(host),
            Place::Console => Whither::Console.name().to_owned(),
        }
    }

    /// Whether one may return to this path here. On a shared host it must lead to this tenant.
    pub(crate) fn leads_back_to(&self, back: &ReturnPath) -> bool {
        match self.place {
            Place::Shared(host) => self.room.web.shared.leads_to(host.as_str(), back, &self.tenant.record),
            Place::Own(_) | Place::Console => true,
        }
    }

    /// The front page here.
    pub(crate) fn front(&self) -> ReturnPath {
        match self.place {
            Place::Shared(host) => self.room.web.shared.front(host.as_str(), &self.tenant.record),
            Place::Own(_) | Place::Console => ReturnPath::root(),
        }
    }

    /// Where a sign-in begins.
    pub(crate) fn begin(&self, back: &ReturnPath, connection: Option<ConnectionId>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("return", back.as_str());
        if let Some(connection) = connection {
            query.append_pair("connection", &connection.to_string());
        }
        let console = format!("/t/{}/sign-in", self.tenant.record.id);
        self.address("/.partywall/sign-in", &console, query)
    }

    /// Where a hand-over is taken.
    pub(crate) fn enter(&self, code: &str) -> String {
        let mut query = Serializer::new(String::new());
        if matches!(self.place, Place::Console) {
            query.append_pair("tenant", &self.tenant.record.id.to_string());
        }
        query.append_pair("code", code);
        self.address("/.partywall/enter", "/enter", query)
    }

    fn address(&self, at_host: &str, at_console: &str, mut query: Serializer<'_, String>) -> String {
        let hosts = &self.room.web.hosts;
        let start = match self.place {
            Place::Own(None) => hosts.tenant_origin(&self.tenant.record.slug) + at_host,
            Place::Own(Some(host)) => hosts.origin_of(host.as_str()) + at_host,
            Place::Shared(host) => {
                query.append_pair("tenant", &self.tenant.record.id.to_string());
                hosts.origin_of(host.as_str()) + at_host
            }
            Place::Console => format!("{}{at_console}", hosts.console),
        };
        format!("{start}?{}", query.finish())
    }
}

/// What a shared host is called where hand-overs are kept; no other gate can be called so.
pub(crate) fn shared_name(host: &Hostname) -> String {
    format!("//{host}")
}
