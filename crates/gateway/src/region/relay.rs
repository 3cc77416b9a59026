//! Handing a request on to another region, and its answer back.

use super::{
    Hop, Regions,
    hop::{Asked, Way},
    number,
    seen::Is,
};
use crate::{
    body::{Body, Streamed},
    certificate::{CERTIFICATE, CHAIN},
    deployment::{Deployment, Errand, Wish},
    flight::Tether,
    gateway::Gateway,
    headers,
    look::Ahead,
    peer::{Peer, household},
    problem,
    proxy::{self, Answered, Socket},
    refuse::No,
    route::{CredentialKind, Route},
    traffic::{Account, Traffic},
    upload::RequestBody,
    vigil::{Vigil, Watch},
};
use access::{Credential, Origin};
use domain::{DeploymentId, Moment, TenantId};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{HOST, VIA},
    request::Parts,
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use web::HOP;

/// The region that was asked says in time that nobody answered there; so it is given a little longer.
const LONGER: Duration = Duration::from_secs(5);

/// Where a request is handed on to.
pub(crate) struct Elsewhere {
    gateways: Arc<Deployment>,
    route: Arc<Route>,
    tenant: TenantId,
    /// The body, if it was read to find the tenant.
    pub(crate) read: Option<Ahead>,
}

impl Regions {
    /// Who handed this request on; none where a client sent it.
    ///
    /// # Errors
    /// Somebody says so who cannot prove it.
    fn arrival<B>(&self, request: &Request<B>, now: Moment) -> Result<Option<Hop>, No> {
        let mut said = request.headers().get_all(HOP).iter();
        let Some(value) = said.next() else { return Ok(None) };
        let key = self.key.load();
        let hop =
            value.to_str().ok().zip(key.as_ref()).and_then(|(said, key)| {
                Hop::read(said, key, number(&self.own).bits(), Asked::of(request), now)
            });
        match hop {
            Some((hop, nonce)) if said.next().is_none() => match self.seen.take(nonce, now) {
                Is::New => Ok(Some(hop)),
                Is::Known => Err(No::because(problem::HOP)),
                Is::Unclear => Err(No::because(problem::CROWDED)),
            },
            _ => Err(No::because(problem::HOP)),
        }
    }
}

impl Gateway {
    /// The same, with the certificate that the client has shown where the request entered. What says so is taken out.
    pub(crate) fn arrival<B>(&self, request: &mut Request<B>) -> Result<Option<Hop>, No> {
        let Some(hop) = self.0.regions.arrival(request, self.0.needs.clock.now())? else { return Ok(None) };
        let shown = self.certificate_said(request.headers()).map_err(|_| No::because(problem::HOP))?;
        [CERTIFICATE, CHAIN].iter().for_each(|name| {
            request.headers_mut().remove(name);
        });
        Ok(Some(Hop { peer: hop.peer.with_certificate(shown), ..hop }))
    }

    /// Where requests for this deployment are handed on to; none where it is asked from here.
    pub(crate) fn elsewhere(
        &self,
        deployment: DeploymentId,
        route: &Arc<Route>,
        tenant: TenantId,
    ) -> Option<Box<Elsewhere>> {
        let deployment = self.0.deployments.get(deployment)?;
        let gateways = self.0.regions.leads_to(deployment.region.as_deref()?)?;
        Some(Box::new(Elsewhere { gateways, route: route.clone(), tenant, read: None }))
    }

    /// Hands a request on as it came, and brings back the answer as it is.
    pub(crate) async fn relay(
        &self,
        there: Elsewhere,
        mut parts: Parts,
        body: Incoming,
        hop: Hop,
    ) -> Result<Response<Body>, No> {
        let Elsewhere { gateways, route, tenant, read } = there;
        let flight = self.0.flights.begin(hop.id, tenant, None);
        let websocket = proxy::is_websocket(&parts);
        let client = websocket.then(|| parts.extensions.remove::<OnUpgrade>()).flatten();
        let tether = Tether::here();
        // Its tenant's traffic is counted where it is answered, not twice.
        let account = Account::of_tenant(Arc::new(Traffic::default()));
        if http_body::Body::size_hint(&body).lower() > route.most_body {
            return Err(No::because(problem::TOO_LARGE));
        }
        let bounds = (route.most_body, route.idle);
        let (body, upload) = RequestBody::of(body, read.as_ref(), bounds, account.clone());
        let mut request = outgoing(parts, body, websocket)?;
        if let Some(shown) =
            hop.peer.certificate.as_ref().filter(|_| route.takes(CredentialKind::Certificate))
        {
            shown.write(request.headers_mut());
        }
        let vigil = Arc::new(self.vigil_over(tenant, Origin { request: hop.id }));
        let (household, begun) = (household(hop.peer.ip), Instant::now());
        let errand = Errand { household, vigil, idle: route.idle, tether, upload, begun };
        let way = Way { from: &self.0.regions.own, to: gateways.id.bits() };
        let key = self.0.regions.key.load_full().ok_or_else(|| No::because(problem::UNREACHABLE))?;
        let prove = |request: &mut Request<RequestBody>| {
            let needs = &self.0.needs;
            let once = (needs.clock.now(), needs.chance.fresh());
            let said = hop.write(&key, way, Asked::of(request), once);
            request.headers_mut().insert(HOP, said);
        };
        let within = route.answer_within + LONGER;
        let answered = proxy::exchange(&gateways, request, &errand, within, Wish::Anybody, prove).await;
        let status = answered.as_ref().map_or(0, |answered| answered.response.status().as_u16());
        tracing::info!(
            target: "gateway::access",
            request = %hop.id, %tenant, route = %route.name, status,
            "handed on to another region for tenant {tenant}: {status}"
        );
        let Answered { response, lease, .. } = answered?;
        let (mut head, body) = response.into_parts();
        headers::clean_answer(&mut head.headers);
        head.headers.append(VIA, HeaderValue::from_static("1.1 partywall"));
        let upload = errand.upload.clone();
        let watch = Watch::new(errand, lease.line.clone(), Instant::now());
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            let streamed =
                Streamed { body, lease: Some(lease), upload, account, watch, flight, gather: None };
            return Ok(Response::from_parts(head, Body::streamed(streamed)));
        }
        let upstream = head.extensions.remove::<OnUpgrade>();
        let (Some(client), Some(upstream)) = (client, upstream) else {
            return Err(No::because(problem::BROKEN));
        };
        proxy::switch(&mut head.headers);
        let bell = self.0.sockets.join(tenant);
        proxy::join(Socket { client, upstream, lease, account, watch, flight, bell });
        Ok(Response::from_parts(head, Body::empty()))
    }

    /// Whoever it was: that is watched over where it is known. Here a stream ends when its tenant's doors close.
    fn vigil_over(&self, tenant: TenantId, origin: Origin) -> Vigil {
        Vigil {
            gateway: self.clone(),
            tenant,
            user: None,
            open: true,
            credential: Credential::None,
            certificate: None,
            product: None,
            roles: [].into(),
            origin,
        }
    }

    /// What the next node is told of a request that entered here, or that another node handed on to here.
    pub(crate) fn next_hop(
        &self,
        before: Option<Hop>,
        peer: &Peer,
        id: domain::RequestId,
    ) -> Result<Hop, No> {
        match before {
            Some(hop) if hop.is_last() => Err(No::because(problem::LOOP)),
            Some(hop) => Ok(Hop { count: hop.count + 1, ..hop }),
            None => Ok(Hop { peer: peer.clone(), id, count: 1 }),
        }
    }
}

/// The request as the client sent it, save for what ends with its connection and what only a node of ours may say.
fn outgoing(parts: Parts, body: RequestBody, websocket: bool) -> Result<Request<RequestBody>, No> {
    let host = match (parts.headers.get(HOST), parts.uri.authority()) {
        (_, Some(authority)) => HeaderValue::from_str(authority.as_str()).ok(),
        (Some(host), None) => Some(host.clone()),
        (None, None) => None,
    };
    let mut fields = parts.headers;
    headers::clean_hop(&mut fields);
    fields.insert(HOST, host.ok_or_else(|| No::because(problem::BAD_HOST))?);
    fields.append(VIA, HeaderValue::from_static("1.1 partywall"));
    if websocket {
        proxy::switch(&mut fields);
    }
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri.path_and_query().cloned().map(http::Uri::from).unwrap_or_default();
    *request.headers_mut() = fields;
    Ok(request)
}
