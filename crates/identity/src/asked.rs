//! What a handler of this room reads of a request beside its permit: headers, query, the credential that
//! came, and from where.

use crate::Identity;
use access::Origin;
use domain::{Hostname, TenantId};
use http::{HeaderMap, Uri, header, request::Parts};
use serde::Deserialize;
use std::net::IpAddr;
use web::{
    HostKind, Problem, SharedHost, Web,
    credential::{Presented, host_of, presented},
    limit::{ClientAddress, Counted, Limited},
    origin_of,
    shared::cookie_name,
    wants,
};

/// What the address of a list's page says: where it goes on, and what has just been done.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    #[serde(default)]
    pub(crate) done: String,
    #[serde(default)]
    pub(crate) after: String,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
    pub(crate) presented: Presented,
    pub(crate) origin: Origin,
    pub(crate) kind: HostKind,
    /// The host, if it is one that tenants share.
    pub(crate) shared: Option<SharedHost>,
    /// Whether the answer is for somebody who reads pages.
    pub(crate) reads_pages: bool,
    address: Option<IpAddr>,
}

impl Asked {
    /// Reads it.
    ///
    /// # Errors
    /// `internal` where the request did not come by way of the site.
    pub(crate) fn of(parts: &Parts, web: &Web) -> Result<Self, Problem> {
        Ok(Asked {
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
            presented: presented(parts, web)?,
            origin: origin_of(parts)?,
            kind: host_of(parts)?,
            shared: parts.extensions.get().cloned(),
            reads_pages: wants::page(parts),
            address: parts.extensions.get::<ClientAddress>().map(|client| client.0),
        })
    }

    /// Counts one try of this address, and of the tenant's where one is given.
    ///
    /// # Errors
    /// `limit.exceeded`.
    pub(crate) fn count(
        &self,
        room: &Identity,
        what: Limited,
        tenant: Option<TenantId>,
    ) -> Result<(), Problem> {
        let unknown = || Problem::internal("a request came without its client's address");
        let address = self.address.ok_or_else(unknown)?;
        room.web.throttle.check(what, Counted::Address(address))?;
        tenant.map_or(Ok(()), |tenant| room.web.throttle.check(what, Counted::Tenant(tenant)))
    }

    /// What a cookie of the tenant's is called at this host.
    pub(crate) fn cookie_name(&self, name: &str) -> String {
        cookie_name(name, self.shared.as_ref().map(|shared| shared.tenant))
    }

    /// The name of the host that the request came to.
    pub(crate) fn host(&self) -> Option<Hostname> {
        let named = self.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = self.uri.authority().map(|authority| authority.as_str()).or(named)?;
        let authority: http::uri::Authority = authority.parse().ok()?;
        authority.host().parse().ok()
    }
}
