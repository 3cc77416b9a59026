//! The gateway itself: what it needs, and the straight line that every request takes.

use crate::{
    admit::{Admitted, Stopped},
    body::{Body, Streamed},
    cache::{Asker, Found, Kept, Wanted},
    certificate::{Anchors, Said},
    context::{Contexts, Signing, Told},
    credential::KeySecrets,
    deployment::{Deployment, Deployments, Errand, Wish},
    flight::{Flight, Flights, Tether},
    headers::{clean_shared, names},
    look::{BodyFrom, Held},
    peer::{Peer, household},
    policy::{Detail, Shares, cors::CrossOrigin, rewrite},
    problem,
    product::Products,
    proxy::{self, Answered, Socket, Sockets},
    refuse::{No, Reader, Refusals, sign_in},
    region::Regions,
    resolve::Lookups,
    route::Routes,
    setup::{Needs, Settings},
    shape,
    token::{Issuers, OwnTokens, Tokens},
    traffic::{Meters, RouteTimes},
    upload::{RequestBody, Upload},
    vigil::{Vigil, Watch},
};
use access::{Caller, CookieKeys, Origin, Tenant};
use arc_swap::ArcSwap;
use domain::{RequestId, digest::MacKey};
use http::{HeaderValue, Method, Request, Response, StatusCode, request::Parts, uri::PathAndQuery};
use http_body::Body as _;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use protocol::proof::Proven;
use std::{
    future::poll_fn,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};
use tokio::time::Instant;
use web::{Proofs, Throttle, limit};

/// The gateway. Cloning it gives another handle to the same one.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) needs: Needs,
    pub(crate) routes: ArcSwap<Routes>,
    /// Whether a route of these passes connections on.
    pub(crate) passes: AtomicBool,
    pub(crate) cookies: ArcSwap<CookieKeys>,
    pub(crate) key_secrets: ArcSwap<KeySecrets>,
    pub(crate) guesses: Throttle,
    pub(crate) issuers: Issuers,
    pub(crate) tokens: Tokens,
    /// Proofs of possession that were shown lately.
    pub(crate) proofs: Proofs,
    /// How tokens of our own are believed.
    pub(crate) own: OwnTokens,
    pub(crate) anchors: Anchors,
    pub(crate) said: Said,
    pub(crate) deployments: Deployments,
    pub(crate) products: ArcSwap<Products>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) regions: Regions,
    /// What is held of bodies that are looked into.
    pub(crate) held: Held,
    pub(crate) contexts: Contexts,
    pub(crate) meters: Meters,
    pub(crate) shares: Shares,
    pub(crate) times: RouteTimes,
    /// How many requests screens would have refused, and how many they refused.
    pub(crate) screened: [AtomicU64; 2],
    pub(crate) lookups: Lookups,
    pub(crate) flights: Flights,
    pub(crate) sockets: Sockets,
    pub(crate) refusals: Refusals,
}

impl Gateway {
    /// A gateway with the standard routes and no deployments.
    pub fn new(settings: Settings, needs: Needs, cookies: CookieKeys, signing: Signing) -> Self {
        let (routes, times) = (Routes::standard(&settings.hosts), RouteTimes::default());
        times.keep(routes.names());
        Gateway(Arc::new(Inner {
            routes: ArcSwap::from_pointee(routes),
            passes: AtomicBool::new(false),
            cookies: ArcSwap::from_pointee(cookies),
            key_secrets: ArcSwap::default(),
            guesses: guesses(&settings, &needs),
            issuers: Issuers::default(),
            tokens: Tokens::new(settings.tokens),
            proofs: Proofs::default(),
            own: OwnTokens::of(&signing),
            anchors: Anchors::default(),
            said: Said::new(settings.certificates),
            regions: Regions::new(&settings.region, settings.connections.clone()),
            deployments: Deployments::new(settings.connections.clone(), settings.secure),
            products: ArcSwap::default(),
            kept: Arc::new(Kept::new(settings.kept)),
            held: Held::of(settings.held),
            contexts: Contexts::new(settings.contexts, signing, needs.clock.clone()),
            meters: Meters::new(),
            shares: if settings.counts_with_others { Shares::shared() } else { Shares::alone() },
            screened: Default::default(),
            times,
            lookups: Lookups::default(),
            flights: Flights::new(),
            sockets: Sockets::default(),
            refusals: Refusals::new(&settings),
            settings,
            needs,
        }))
    }

    /// Answers a request: forwards it, or says why not.
    pub async fn handle(&self, mut request: Request<Incoming>, peer: &Peer) -> Response<Body> {
        let hop = match self.arrival(&mut request) {
            Ok(hop) => hop,
            Err(no) => return self.refuse(&request, &no),
        };
        let (id, id_text) = match &hop {
            Some(hop) => (hop.id, text_of(hop.id)),
            None => self.request_id(),
        };
        let came_from = hop.as_ref().map(|hop| hop.peer.clone());
        let peer = came_from.as_ref().unwrap_or(peer);
        let (parts, mut body) = request.into_parts();
        let (reader, version) = (Reader::of(&parts), parts.version);
        let cross = CrossOrigin::of(&self.0.routes.load(), &parts, peer);
        let question = cross.as_ref().filter(|_| shape::check(&parts).is_ok());
        let question = question.and_then(|cross| cross.answer(&parts));
        let mut cross = cross.filter(|_| question.is_none());
        let answered = match question {
            Some(answer) => answer,
            None => match self
                .admit_at_the_door(&parts, peer, Origin { request: id }, BodyFrom::Client(&mut body))
                .await
            {
                Err(Stopped::Elsewhere(there)) => match self.next_hop(hop, peer, id) {
                    // What is answered there is finished there.
                    Ok(hop) => Box::pin(self.relay(*there, parts, body, hop)).await.inspect(|_| cross = None),
                    Err(no) => Err(no),
                },
                Ok(admitted) => self.forward(admitted, parts, body, peer, &id_text).await,
                Err(Stopped::No(no)) => Err(no),
                Err(Stopped::SignIn { tenant, shared }) => self.send_to_sign_in(&parts, &tenant, shared),
            },
        };
        let mut response = answered.unwrap_or_else(|no| self.turn_away(&no, &reader, version));
        if let Some(cross) = cross {
            cross.mark(response.headers_mut());
        }
        response.headers_mut().insert(names::REQUEST_ID, id_text);
        response
    }

    /// Answers a request of which a proxy in front says what cannot be read in one way.
    pub fn refuse_unclear<B>(&self, request: &Request<B>) -> Response<Body> {
        self.refuse(request, &No::because(problem::FORWARDED))
    }

    pub(crate) fn refuse<B>(&self, request: &Request<B>, no: &No) -> Response<Body> {
        let (_, id) = self.request_id();
        let reader = Reader::of_head(request.method(), request.headers());
        let mut response = self.turn_away(no, &reader, request.version());
        response.headers_mut().insert(names::REQUEST_ID, id);
        response
    }

    pub(crate) fn request_id(&self) -> (RequestId, HeaderValue) {
        let needs = &self.0.needs;
        let id = RequestId::new(needs.clock.now(), &needs.chance);
        (id, text_of(id))
    }

    pub(crate) fn send_to_sign_in(
        &self,
        parts: &Parts,
        tenant: &Tenant,
        shared: bool,
    ) -> Result<Response<Body>, No> {
        let back = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let location = HeaderValue::try_from(self.0.needs.sign_in.location(tenant, &back, shared));
        let location = location.map_err(|_| No::because(problem::SESSION_NEEDED))?;
        Ok(sign_in(location))
    }

    /// Sends an admitted request to the tenant's deployment and brings back the answer.
    async fn forward(
        &self,
        mut admitted: Admitted,
        mut parts: Parts,
        body: Incoming,
        peer: &Peer,
        id: &HeaderValue,
    ) -> Result<Response<Body>, No> {
        let deployment = self.0.deployments.get(admitted.deployment);
        let deployment = deployment.ok_or_else(|| No::because(problem::NO_UPSTREAM))?;
        let slot = admitted.allowance.slot.take();
        let flight = self.0.flights.begin(admitted.origin.request, admitted.tenant.record.id, slot);
        let told = self.0.contexts.of(&admitted.tenant, admitted.deployment, admitted.pass.caller());
        let client = admitted.websocket.then(|| parts.extensions.remove::<OnUpgrade>()).flatten();
        let household = household(peer.ip);
        let wish = deployment.wish(&parts.headers, admitted.tenant.record.id.bits(), || {
            caller_bits(admitted.pass.caller(), household)
        });
        let (mut request, mut upload) = outgoing(&admitted, parts, body, peer, &told, id)?;
        let mut wanted = self.wanted(&admitted, &request);
        let mut asking = None;
        let mut given = None;
        if let Some(wanted) = &mut wanted {
            match self.kept_answer(&admitted, wanted, request.method()) {
                Some(Found::Fresh(response)) => return Ok(response),
                Some(Found::Stale(response, asks)) => (given, asking) = (Some(response), Some(asks)),
                None => {}
            }
            wanted.ask_about(request.headers_mut());
        }
        wanted = wanted.filter(|_| *request.method() == Method::GET);
        if deployment.tries_again() && proxy::may_be_sent_twice(request.method()) {
            request = keep_small(request, deployment.balancing.retry.most_body).await?;
            upload = upload.filter(|_| request.body().again().is_none());
        }
        let vigil = Arc::new(self.vigil(&admitted));
        let (idle, begun) = (admitted.route.idle, Instant::now());
        let tether = if given.is_none() { Tether::here() } else { None };
        let errand = Errand { household, vigil, idle, tether, upload, begun };
        if let Some(given) = given {
            let gateway = self.clone();
            // Nobody waits for it: what it brings is kept for the next.
            tokio::spawn(async move {
                let _asking = asking;
                let asked = gateway.ask(&admitted, &deployment, request, &errand, &told, wish).await;
                let brought = asked.and_then(|answered| {
                    gateway.bring_back(&admitted, answered, None, errand, flight, wanted)
                });
                if let Ok(response) = brought {
                    let mut body = response.into_body();
                    let mut next = async || poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
                    while next().await.is_some_and(|frame| frame.is_ok()) {}
                }
            });
            return Ok(given);
        }
        let answered = self.ask(&admitted, &deployment, request, &errand, &told, wish).await?;
        let at = answered.at;
        let mut response = self.bring_back(&admitted, answered, client, errand, flight, wanted)?;
        deployment.bind(response.headers_mut(), wish, at, self.0.settings.secure);
        Ok(response)
    }

    /// What to look for among the answers that are kept, where the route keeps any.
    fn wanted(&self, admitted: &Admitted, request: &Request<RequestBody>) -> Option<Wanted> {
        let policy = admitted.route.policies.cache.as_ref()?;
        if admitted.websocket || !http_body::Body::is_end_stream(request.body()) {
            return None;
        }
        let Admitted { tenant, pass, route, .. } = admitted;
        let asker = Asker { tenant: tenant.record.id, epoch: tenant.epoch(), caller: pass.caller() };
        Kept::wanted(policy, &asker, &route.name, request)
    }

    /// The answer that is kept, if one is, counted and logged like any other.
    fn kept_answer(&self, admitted: &Admitted, wanted: &mut Wanted, method: &Method) -> Option<Found> {
        let mut found = self.0.kept.find(wanted, method, self.0.needs.clock.now())?;
        let (Found::Fresh(response) | Found::Stale(response, _)) = &mut found;
        admitted.allowance.tally.write(&admitted.route.policies.rates, response.headers_mut());
        admitted.account.count_request();
        let bytes = http_body::Body::size_hint(response.body()).exact().unwrap_or(0);
        admitted.account.count_out(usize::try_from(bytes).unwrap_or(usize::MAX));
        log(admitted, method, response.status().as_u16(), Duration::ZERO);
        Some(found)
    }

    /// Asks an upstream, and counts and logs how that went.
    async fn ask(
        &self,
        admitted: &Admitted,
        deployment: &Deployment,
        request: Request<RequestBody>,
        errand: &Errand,
        told: &Told,
        wish: Wish,
    ) -> Result<Answered, No> {
        let Admitted { route, account, .. } = admitted;
        let method = request.method().clone();
        let prove = |request: &mut Request<RequestBody>| self.prove(request, told, &deployment.proof);
        let answered = proxy::exchange(deployment, request, errand, route.answer_within, wish, prove).await;
        let wait = errand.begun.elapsed();
        let status = match &answered {
            Ok(answered) => answered.response.status().as_u16(),
            Err(no) => no.problem.entry().status,
        };
        account.count_request();
        account.count_wait(wait);
        self.0.times.record(&route.name, wait);
        if status >= 500 {
            account.count_error();
        }
        log(admitted, &method, status, wait);
        answered
    }

    /// The upstream's answer as the client gets it; or the two sides of a socket, joined.
    fn bring_back(
        &self,
        admitted: &Admitted,
        Answered { response, lease, .. }: Answered,
        client: Option<OnUpgrade>,
        errand: Errand,
        flight: Flight,
        wanted: Option<Wanted>,
    ) -> Result<Response<Body>, No> {
        let (mut head, body) = response.into_parts();
        let upstream = lease.upstream.origin.authority();
        proxy::finish(&mut head.headers, &admitted.target, upstream, &self.0.settings.hosts.base);
        if !admitted.route.by_host {
            clean_shared(&mut head.headers);
        }
        let policies = &admitted.route.policies;
        rewrite::finish(&policies.answer_headers, &mut head.headers);
        if let Some(version) = &admitted.route.version {
            version.write(&mut head.headers);
        }
        let (account, now) = (admitted.account.clone(), self.0.needs.clock.now());
        let mut wanted = policies.cache.as_ref().zip(wanted);
        let mut confirmed = None;
        if head.status == StatusCode::NOT_MODIFIED
            && let Some((policy, wanted)) = &mut wanted
        {
            confirmed = self.0.kept.confirmed(policy, wanted, &head.headers, account.tenant(), now);
        }
        let gather = wanted.and_then(|(policy, wanted)| {
            let answer = (head.status, &mut head.headers);
            self.0.kept.gather(policy, wanted, answer, account.tenant(), now)
        });
        admitted.allowance.tally.write(&policies.rates, &mut head.headers);
        let upload = errand.upload.clone();
        let watch = Watch::new(errand, lease.line.clone(), Instant::now());
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            let streamed = Streamed { body, lease: Some(lease), upload, account, watch, flight, gather };
            let body = Body::streamed(streamed);
            let Some(mut confirmed) = confirmed else { return Ok(Response::from_parts(head, body)) };
            let bytes = http_body::Body::size_hint(confirmed.body()).exact().unwrap_or(0);
            admitted.account.count_out(usize::try_from(bytes).unwrap_or(usize::MAX));
            admitted.allowance.tally.write(&policies.rates, confirmed.headers_mut());
            return Ok(confirmed);
        }
        let upstream = head.extensions.remove::<OnUpgrade>();
        let (Some(client), Some(upstream)) = (client, upstream) else {
            return Err(No::because(problem::BROKEN));
        };
        proxy::switch(&mut head.headers);
        let bell = self.0.sockets.join(admitted.tenant.record.id);
        proxy::join(Socket { client, upstream, lease, account, watch, flight, bell });
        Ok(Response::from_parts(head, Body::empty()))
    }

    fn prove(&self, request: &mut Request<RequestBody>, told: &Told, secret: &MacKey) {
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let proof = self.proof(request.method().as_str(), path, told, secret);
        request.headers_mut().insert(names::PROOF, proof);
    }

    pub(crate) fn proof(&self, method: &str, path: &str, told: &Told, secret: &MacKey) -> HeaderValue {
        let proven = Proven { method, path, context: &told.token_hash };
        let needs = &self.0.needs;
        let proof = proven.prove(secret, needs.clock.now(), &needs.chance);
        HeaderValue::try_from(proof).expect("a proof is plain ASCII")
    }

    fn vigil(&self, admitted: &Admitted) -> Vigil {
        Vigil {
            gateway: self.clone(),
            tenant: admitted.tenant.record.id,
            user: admitted.pass.caller().person().map(|person| person.user),
            open: admitted.route.open,
            product: admitted.route.product.clone(),
            roles: admitted.route.roles.clone(),
            credential: admitted.credential.clone(),
            certificate: admitted.certificate.clone(),
            origin: admitted.origin,
        }
    }
}

/// Counts wrong keys and tokens by address.
fn guesses(settings: &Settings, needs: &Needs) -> Throttle {
    let most = limit::Rule::per_minute(settings.guesses);
    let rules = move |_| limit::Rules { address: most, tenant: most };
    Throttle::new(needs.clock.clone(), limit::REMEMBERED, rules)
}

fn text_of(id: RequestId) -> HeaderValue {
    HeaderValue::try_from(id.to_string()).expect("ids are plain ASCII")
}

/// The request as the backend gets it, save for the proof.
fn outgoing(
    admitted: &Admitted,
    parts: Parts,
    body: Incoming,
    peer: &Peer,
    told: &Told,
    id: &HeaderValue,
) -> Result<(Request<RequestBody>, Option<Arc<Upload>>), No> {
    let Admitted { route, tenant, target, account, websocket, .. } = admitted;
    if http_body::Body::size_hint(&body).lower() > route.most_body {
        return Err(No::because(problem::TOO_LARGE));
    }
    let bounds = (route.most_body, route.idle);
    let (body, upload) = RequestBody::of(body, admitted.read.as_ref(), bounds, account.clone());
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = target.uri.clone();
    let mut headers = parts.headers;
    proxy::write_headers(&mut headers, target, route, &tenant.record, peer, *websocket);
    let rules = &route.policies.request_headers;
    rewrite::write(rules, &admitted.said.headers, &mut headers, &tenant.record, admitted.pass.caller());
    told.write(&mut headers);
    headers.insert(names::REQUEST_ID, id.clone());
    *request.headers_mut() = headers;
    Ok((request, upload))
}

/// The request with its body in hand, if that is no more than this, so that it can be sent again.
async fn keep_small(request: Request<RequestBody>, most: u64) -> Result<Request<RequestBody>, No> {
    let (parts, body) = request.into_parts();
    let body = body.whole(most).await.map_err(|fate| No::because(proxy::fault_of(fate)))?;
    Ok(Request::from_parts(parts, body))
}

/// A number that is this caller's: the person's, the subscriber's, or that of whoever else it is.
fn caller_bits(caller: &Caller, household: IpAddr) -> u128 {
    if let (None, Some(holder)) = (caller.person(), caller.application()) {
        return holder.token.application.bits();
    }
    match (caller.person(), caller.key(), caller.token(), caller.certificate()) {
        (Some(person), _, _, _) => person.user.bits(),
        (None, Some(holder), _, _) => holder.subscriber.bits(),
        (None, None, Some(holder), _) => holder.who.first_half(),
        (None, None, None, Some(holder)) => holder.who.first_half(),
        (None, None, None, None) => address_bits(household),
    }
}

/// An address as a number.
pub(crate) fn address_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// One line for each forwarded request, as its route wants it. No path, unless that says so: it may hold what only the
/// backend should know.
pub(crate) fn log(admitted: &Admitted, method: &Method, status: u16, wait: Duration) {
    let Admitted { tenant, route, origin, .. } = admitted;
    let policy = &route.policies.log;
    if !policy.has(status) {
        return;
    }
    let path = policy.says(Detail::Path).then_some(&*admitted.path);
    let caller = policy.says(Detail::Caller).then(|| admitted.pass.caller().actor().to_string());
    let address = policy.says(Detail::Address).then(|| tracing::field::display(admitted.address));
    tracing::info!(
        target: "gateway::access",
        request = %origin.request,
        tenant = %tenant.record.id,
        route = %route.name,
        %method,
        status,
        upstream_ms = wait.as_millis() as u64,
        path,
        caller,
        address,
        "{method} forwarded for tenant {}: {status}",
        tenant.record.id
    );
}
