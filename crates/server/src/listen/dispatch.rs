//! Who answers: the site for the platform's hosts and the reserved prefix, the gateway for the rest.

use super::body::Reply;
use crate::assemble::Node;
use access::{Identifier, Origin, Resolved, Source};
use domain::RequestId;
use gateway::Authority;
use hyper::{Request, Response, body::Incoming};
use std::{net::IpAddr, sync::Arc};
use web::{ClientAddress, HostKind};

/// Who is at the other end, as the gateway and the site want to know it. Made once for each connection.
#[derive(Clone)]
pub(super) struct Client {
    address: IpAddr,
    gateway: gateway::Peer,
}

impl Client {
    pub(super) fn new(address: IpAddr, https: bool) -> Self {
        Client { address, gateway: gateway::Peer::new(address, https) }
    }
}

/// Looks at the host of a request.
#[derive(Clone)]
pub(super) struct Dispatch(Arc<Node>);

/// The prefix that is ours on every tenant's host.
const RESERVED: &str = "/.partywall/";

impl Dispatch {
    pub(super) fn new(node: Arc<Node>) -> Self {
        Dispatch(node)
    }

    pub(super) async fn answer(self, request: Request<Incoming>, peer: Client) -> Response<Reply> {
        let response = match self.site_host(&request) {
            Some((kind, at)) => self.ask_site(request, kind, at, &peer).await,
            None => self.0.gateway.handle(request, &peer.gateway).await.map(Reply::Gateway),
        };
        self.0.metrics.answered(response.status().as_u16());
        response
    }

    /// Which of our own hosts this is for, and at which tenant; none for the gateway's.
    fn site_host(&self, request: &Request<Incoming>) -> Option<(HostKind, Option<Resolved>)> {
        let (authority, path) = (authority_of(request)?, request.uri().path());
        if let Some(kind) = self.0.web.hosts.kind_of(authority.sent) {
            return Some((kind, None));
        }
        path.starts_with(RESERVED).then(|| (HostKind::Tenant, self.tenant_at(&authority.host)))
    }

    fn tenant_at(&self, host: &str) -> Option<Resolved> {
        let request = RequestId::new(self.0.web.clock.now(), &self.0.web.chance);
        let base = self.0.web.hosts.base_domain.as_str();
        let label = host.strip_suffix(base).and_then(|rest| rest.strip_suffix('.'));
        let identifier = match label {
            Some(label) => Identifier { source: Source::Subdomain, value: label },
            None => Identifier { source: Source::Domain, value: host },
        };
        self.0.web.warden.resolve(&[identifier], Origin { request }).ok()
    }

    async fn ask_site(
        &self,
        request: Request<Incoming>,
        kind: HostKind,
        at: Option<Resolved>,
        peer: &Client,
    ) -> Response<Reply> {
        let mut request = request.map(axum::body::Body::new);
        let extensions = request.extensions_mut();
        extensions.insert(kind);
        extensions.insert(ClientAddress(peer.address));
        if let Some(at) = at {
            extensions.insert(at);
        }
        self.0.site.answer(request).await.map(Reply::Site)
    }
}

/// The host that the request is for; none where the gateway will say what is odd about it.
fn authority_of(request: &Request<Incoming>) -> Option<Authority<'_>> {
    Authority::of_request(request).ok()
}
