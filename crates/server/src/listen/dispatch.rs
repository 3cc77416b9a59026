//! Who answers: the site for the platform's hosts and the reserved prefix, the gateway for the rest.

use super::{body::Reply, questions};
use crate::{assemble::Node, observe::traces};
use access::{Identifier, Origin, Resolved, Source};
use domain::RequestId;
use gateway::{Authority, ClientCertificate, Fronts, Unclear, limits};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header::HOST};
use hyper::{Request, Response, body::Incoming};
use rustls::pki_types::CertificateDer;
use std::{net::IpAddr, sync::Arc};
use tracing::{Instrument, field::Empty};
use web::{ClientAddress, HostKind, SharedHost};

/// Who is at the other end, as the gateway and the site want to know it. Made once for each connection.
#[derive(Clone)]
pub(super) struct Client {
    address: IpAddr,
    gateway: gateway::Peer,
    /// Whether it is a proxy that speaks for others.
    speaks_for_others: bool,
}

impl Client {
    pub(super) fn new(address: IpAddr, https: bool) -> Self {
        Client { address, gateway: gateway::Peer::new(address, https), speaks_for_others: false }
    }

    /// The same client, who has shown that they have the key of the first of these.
    pub(super) fn with_certificate(self, chain: Option<&[CertificateDer<'static>]>) -> Self {
        let chain = chain.filter(|chain| !chain.is_empty());
        let presented = chain.map(|chain| chain.iter().map(|one| one.to_vec()).collect());
        let certificate = presented.map(ClientCertificate::new);
        Client { gateway: self.gateway.with_certificate(certificate), ..self }
    }

    /// The same client over a connection of its own; a proxy's serves many, and counts for nobody.
    pub(super) fn over(self, connection: &Arc<gateway::Connection>) -> Self {
        let own = (!self.speaks_for_others).then(|| connection.clone());
        Client { gateway: self.gateway.over(own), ..self }
    }

    /// Believed about others, if it is one of these.
    pub(super) fn among(self, fronts: &Fronts) -> Self {
        Client { speaks_for_others: fronts.trusts(self.address), ..self }
    }
}

/// Looks at the host of a request.
#[derive(Clone)]
pub(super) struct Dispatch {
    node: Arc<Node>,
    fronts: Arc<Fronts>,
    /// Whether they say which certificate their client has shown.
    client_cert: bool,
}

/// The tenant that a request under the reserved prefix names, and the host if tenants share it.
struct At {
    tenant: Resolved,
    shared: Option<SharedHost>,
}

/// The prefix that is ours on every tenant's host.
const RESERVED: &str = "/.partywall/";
/// The header that must agree with whatever else names a tenant.
const TENANT_HEADER: HeaderName = HeaderName::from_static("tenant-id");

impl Dispatch {
    pub(super) fn new(node: Arc<Node>, fronts: Arc<Fronts>, client_cert: bool) -> Self {
        Dispatch { node, fronts, client_cert }
    }

    /// Whether there is room for a connection by this name, which the client has asked for by TLS.
    pub(super) fn has_room(&self, client: &Client, connection: &gateway::Connection, name: &str) -> bool {
        client.speaks_for_others || self.node.gateway.has_room(connection, name)
    }

    /// Whether a client of this host is asked for a certificate.
    pub(super) fn wants_certificate(&self, host: Option<&str>) -> bool {
        self.node.gateway.wants_certificate(host)
    }

    pub(super) async fn answer(self, mut request: Request<Incoming>, mut peer: Client) -> Response<Reply> {
        if peer.speaks_for_others {
            match self.original(&mut request, &peer) {
                Ok(client) => peer = client,
                Err(Unclear) => {
                    let refusal = self.node.gateway.refuse_unclear(&request);
                    self.node.metrics.answered(gateway::status_told(&refusal));
                    return refusal.map(Reply::Gateway);
                }
            }
        }
        let response = match (questions::answer(&self.node, &request), self.site_host(&request)) {
            (Some(answer), _) => answer,
            (None, Some((kind, at))) => match self.node.gateway.refuse_misshapen(&request) {
                Some(refusal) => refusal.map(Reply::Gateway),
                None => Box::pin(self.ask_site(request, kind, at, &peer)).await,
            },
            (None, None) => self.forward(request, &peer).await.map(Reply::Gateway),
        };
        // A call of gRPC that was refused has 200 as its status, and is no success.
        self.node.metrics.answered(gateway::status_told(&response));
        response
    }

    /// Puts the request back as the client sent it to the proxy in front, and says who that was.
    fn original(&self, request: &mut Request<Incoming>, peer: &Client) -> Result<Client, Unclear> {
        let original = self.fronts.original(peer.address, request.headers())?;
        if let Some(host) = original.host {
            let host = HeaderValue::try_from(host).map_err(|_| Unclear)?;
            request.headers_mut().insert(HOST, host);
            // The host of HTTP/2 stands in its address, where the proxy wrote its own.
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        let https = original.https.unwrap_or(self.node.web.hosts.https);
        let client = Client::new(original.address, https);
        // The certificate that came with the connection is the proxy's own.
        let said =
            if self.client_cert { self.node.gateway.certificate_said(request.headers())? } else { None };
        Ok(Client { gateway: client.gateway.with_certificate(said), ..client })
    }

    /// The gateway's answer, as a span where somebody collects traces: no line of the log has it.
    async fn forward(&self, request: Request<Incoming>, peer: &Client) -> Response<gateway::Body> {
        let span = tracing::info_span!(
            target: traces::TARGET,
            "forward",
            method = %request.method(),
            request = Empty,
            tenant = Empty,
            route = Empty,
            status = Empty,
        );
        // What a request needs while it is under way is large. In a box it is moved once rather than through every
        // layer, and a connection that rests holds no room for it.
        let answer = Box::pin(self.node.gateway.handle(request, &peer.gateway));
        if span.is_disabled() {
            return answer.await;
        }
        let answer = answer.instrument(span.clone()).await;
        span.record("status", answer.status().as_u16());
        let id = answer.headers().get(web::REQUEST_ID).and_then(|id| id.to_str().ok());
        span.record("request", id);
        answer
    }

    /// Which of our own hosts this is for, and at which tenant; none for the gateway's.
    fn site_host(&self, request: &Request<Incoming>) -> Option<(HostKind, Option<At>)> {
        let (authority, path) = (authority_of(request)?, request.uri().path());
        if let Some(kind) = self.node.web.hosts.kind_of(authority.sent) {
            return Some((kind, None));
        }
        path.starts_with(RESERVED).then(|| (HostKind::Tenant, self.tenant_at(&authority.host, request)))
    }

    /// The tenant that the host names; on a host that tenants share, the one that the address names.
    fn tenant_at(&self, host: &str, request: &Request<Incoming>) -> Option<At> {
        let web = &self.node.web;
        let base = web.hosts.base_domain.as_str();
        let label = host.strip_suffix(base).and_then(|rest| rest.strip_suffix('.'));
        let shared = web.shared.is_shared(host);
        let identifiers = match label {
            _ if shared => named_in(request.uri().query().unwrap_or_default(), request.headers())?,
            Some(label) => vec![Identifier { source: Source::Subdomain, value: label }],
            None => vec![Identifier { source: Source::Domain, value: host }],
        };
        let request = RequestId::new(web.clock.now(), &web.chance);
        let tenant = web.warden.resolve(&identifiers, Origin { request }).ok()?;
        let shared = if shared {
            Some(SharedHost { host: host.parse().ok()?, tenant: tenant.tenant().record.id })
        } else {
            None
        };
        Some(At { tenant, shared })
    }

    async fn ask_site(
        &self,
        request: Request<Incoming>,
        kind: HostKind,
        at: Option<At>,
        peer: &Client,
    ) -> Response<Reply> {
        let mut request = request.map(axum::body::Body::new);
        let extensions = request.extensions_mut();
        extensions.insert(kind);
        extensions.insert(ClientAddress(peer.address));
        if let Some(shown) = peer.gateway.shown_certificate() {
            extensions.insert(web::program::ShownCertificate(shown));
        }
        if let Some(at) = at {
            extensions.insert(at.tenant);
            if let Some(shared) = at.shared {
                extensions.insert(shared);
            }
        }
        self.node.site.answer(request).await.map(Reply::Site)
    }
}

/// The host that the request is for; none where the gateway will say what is odd about it.
fn authority_of(request: &Request<Incoming>) -> Option<Authority<'_>> {
    Authority::of_request(request).ok()
}

/// What names a tenant on a host that tenants share, read as the gateway reads it: however the parameter is spelled and
/// however often it comes, and a header that speaks of a tenant too, must all say the same.
fn named_in<'r>(query: &'r str, headers: &'r HeaderMap) -> Option<Vec<Identifier<'r>>> {
    let mut named: Vec<_> = gateway::parameters(query, "tenant")
        .map(|value| Identifier { source: Source::Query, value })
        .take(limits::MOST_IDENTIFIERS + 1)
        .collect();
    if named.is_empty() {
        return None;
    }
    let said = headers.get_all(TENANT_HEADER).iter();
    named.extend(
        said.map(|value| Identifier { source: Source::Header, value: value.to_str().unwrap_or_default() }),
    );
    (named.len() <= limits::MOST_IDENTIFIERS).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_the_reserved_prefix_a_tenant_is_named_as_the_gateway_reads_it() {
        let named = |query, header: Option<&'static str>| {
            let said = header.map(|value| (TENANT_HEADER, HeaderValue::from_static(value)));
            let headers = HeaderMap::from_iter(said);
            named_in(query, &headers)
                .map(|all| all.iter().map(|one| one.value.to_owned()).collect::<Vec<_>>())
        };
        let all = |values: &[&str]| Some(values.iter().map(|value| (*value).to_owned()).collect());
        assert_eq!(named("tenant=a&x=1", None), all(&["a"]));
        assert_eq!(named("tenant=a&%74enant=b", None), all(&["a", "b"]), "the warden refuses what disagrees");
        assert_eq!(named("tenant=a&tenant", None), all(&["a", ""]));
        assert_eq!(named("tenant=a&tenant=a", None), all(&["a", "a"]));
        assert_eq!(named("%74enant=a", Some("b")), all(&["a", "b"]));
        assert_eq!(named("x=1", Some("b")), None);
        assert_eq!(named(&"tenant=a&".repeat(9), None), None);
    }
}
