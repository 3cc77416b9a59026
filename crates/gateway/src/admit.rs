//! Whether a request may be forwarded: its shape, its tenant, its caller, and what else can stand in the
//! way. Everything that needs no body is decided here, before a backend is contacted.

use crate::{
    authority::Authority,
    certificate::{ClientCertificate, check_certificate},
    cookie::{self, Presented},
    credential::{check_key, key_on},
    expression::{Asked, Brought, Known, claims_of, text},
    gateway::Gateway,
    look::{Ahead, BodyFrom, Look},
    onlook::{AtTheDoor, Nobody, Onlooker},
    peer::Peer,
    policy::{Allowance, Detail, Said, check_address, hold},
    problem::{self, Problem},
    proxy::{self, Target},
    refuse::{No, is_navigation},
    region::Elsewhere,
    resolve::Identifiers,
    role::check_roles_of,
    route::{Audience, CredentialKind, Route, Routes},
    shape,
    target::{self, BadTarget},
    token::{check_granted, check_token},
    traffic::Account,
    vigil::{Pass, permitted},
};
use access::{Credential, HostOf, Origin, Refusal, Resolved, Tenant};
use domain::{ApiKeyText, DeploymentId, Limit, Standing, TenantId};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::ORIGIN, request::Parts};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// A request that may be forwarded, with everything that was found out about it.
pub(crate) struct Admitted {
    pub(crate) route: Arc<Route>,
    pub(crate) pass: Pass,
    pub(crate) tenant: Arc<Tenant>,
    /// Which backends answer.
    pub(crate) deployment: DeploymentId,
    pub(crate) credential: Credential,
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    /// What was read of the body already.
    pub(crate) read: Option<Ahead>,
    pub(crate) target: Target,
    pub(crate) account: Account,
    pub(crate) origin: Origin,
    pub(crate) websocket: bool,
    pub(crate) allowance: Allowance,
    /// What the expressions of the route's policies came to.
    pub(crate) said: Said,
    /// As it was asked for, where that is written down.
    pub(crate) path: Box<str>,
    /// From where it came.
    pub(crate) address: IpAddr,
}

/// Why a request is answered here.
pub(crate) enum Stopped {
    No(No),
    SignIn {
        tenant: Arc<Tenant>,
        shared: bool,
    },
    /// It is answered in another region.
    Elsewhere(Box<Elsewhere>),
}

impl From<No> for Stopped {
    fn from(no: No) -> Self {
        Stopped::No(no)
    }
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Stopped::No(refusal.into())
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Stopped::No(No::because(problem))
    }
}

impl Gateway {
    /// Resolve, authenticate, authorise, and what else can stand in the way.
    pub(crate) async fn admit(
        &self,
        parts: &Parts,
        peer: &Peer,
        origin: Origin,
    ) -> Result<Admitted, Stopped> {
        let (asks, routes) = ((peer, BodyFrom::Withheld), self.0.routes.load());
        self.admit_before(parts, asks, origin, &routes, &mut Nobody).await
    }

    /// The same, where what is for another region is handed on.
    pub(crate) async fn admit_at_the_door(
        &self,
        parts: &Parts,
        peer: &Peer,
        origin: Origin,
        body: BodyFrom<'_>,
    ) -> Result<Admitted, Stopped> {
        self.admit_before(parts, (peer, body), origin, &self.0.routes.load(), &mut AtTheDoor).await
    }

    /// The same by these routes, and with somebody looking on.
    pub(crate) async fn admit_before(
        &self,
        parts: &Parts,
        (peer, body): (&Peer, BodyFrom<'_>),
        origin: Origin,
        routes: &Routes,
        onlooker: &mut impl Onlooker,
    ) -> Result<Admitted, Stopped> {
        shape::check(parts)?;
        let authority = Authority::of(&parts.headers, &parts.uri)
            .map_err(|bad| No::with(problem::BAD_HOST, format!("{bad}.")))?;
        let path = parts.uri.path();
        check_path(path)?;
        onlooker.passed("shape", || "the request can be read in one way only".into());
        let asked = Asked::of(parts, &authority.host, peer);
        let mut look = Look::new(body, &self.0.held);
        let route = routes.pick_for(&authority.host, (parts, &asked), &mut look, onlooker).await?;
        let route = route.ok_or(Refusal::NoTenantNamed)?;
        onlooker.passed("route", || format!("`{}`", route.name));
        check_address(route, peer, onlooker)?;
        if let Some(reads) = route.reads_early() {
            look.read_for(reads, parts, onlooker).await?;
        }
        let is_screened = self.check_outside(route, parts, &asked.with(&look), onlooker)?;
        let named = match &route.body {
            Some(named) => named.names(parts, &mut look).await?,
            None => Vec::new(),
        };
        let said_tenant;
        let mut identifiers =
            Identifiers::of(route, routes, &authority, path, parts.uri.query(), &parts.headers)?;
        identifiers.add_read(&named)?;
        let key = key_on(&parts.headers, route)?;
        let token = self.0.issuers.token_on(&self.0.own, &parts.headers, route)?;
        // A handshake asks before anybody knows for which route: where none is taken, it is not looked at.
        let certificate = peer.certificate.as_ref().filter(|_| route.takes(CredentialKind::Certificate));
        if (key.is_some() || token.is_some() || certificate.is_some())
            && route.takes(CredentialKind::Session)
            && cookie::has_session(&parts.headers)
        {
            return Err(problem::SEVERAL_CREDENTIALS.into());
        }
        if [key.is_some(), token.is_some(), certificate.is_some()].into_iter().filter(|is| *is).count() > 1 {
            return Err(problem::SEVERAL_CREDENTIALS.into());
        }
        let bearing = match token {
            Some(text) => Some(self.bearing(text, peer, origin, onlooker).await?),
            None => None,
        };
        let claims = if route.asks_for_claims() { claims_of(token) } else { None };
        if let Some(says) = &route.says_tenant {
            let brought = Brought { asked: asked.with(&look), claims: claims.as_ref() };
            said_tenant = text("tenant", says, &brought, onlooker)?;
            identifiers.add_said(route, said_tenant.as_deref())?;
        }
        let (resolved, credential) = match (key, bearing, certificate) {
            (None, None, None) => self.who(route, &identifiers, &parts.headers, origin)?,
            (Some(text), _, _) => self.by_key(text, route, &identifiers, peer, origin).await?,
            (None, Some(bearing), _) => {
                (self.with_token(bearing.tenants(), route, &identifiers, origin)?, bearing.into())
            }
            (None, None, Some(presented)) => self.by_certificate(presented, route, &identifiers, origin)?,
        };
        // That there is no room is told only to who may come in; a stranger's connection is closed without a word of it.
        let has_room = onlooker.is_rehearsal()
            || peer.connection.as_ref().is_none_or(|connection| self.counts(connection, resolved.tenant()));
        let record = &resolved.tenant().record;
        let deployment = route.serving.of_tenant_at(record.deployment);
        if onlooker.hands_on()
            && let Some(mut there) = self.elsewhere(deployment, route, record.id)
        {
            there.read = look.into_ahead();
            return Err(Stopped::Elsewhere(there));
        }
        let work = resolved.tenant().record.maintenance.left(self.0.needs.clock.now());
        // To strangers, an organisation without a published page is none, whether it is worked on or not.
        if let Some(left) = work.filter(|_| resolved.tenant().record.published) {
            return Err(No::worked_on(resolved.tenant(), left).into());
        }
        let pass = match permitted(self, route.open, &resolved, &credential, origin).await {
            Ok(pass) => pass,
            Err(refusal) => return Err(stranger(refusal, route, parts, &resolved)),
        };
        let tenant = pass.caller().tenant().unwrap_or_else(|| resolved.tenant()).clone();
        if let Some(left) = work {
            return Err(No::worked_on(&tenant, left).into());
        }
        note(&tenant, route);
        if !has_room {
            return Err(problem::CONNECTIONS.into());
        }
        onlooker.passed("tenant", || format!("{} ({})", tenant.record.slug, tenant.record.id));
        onlooker.passed("caller", || pass.caller().actor().to_string());
        let websocket = proxy::is_websocket(parts);
        check_standing(&tenant, parts)?;
        if !tenant.record.may_come_from(peer.ip) {
            return Err(problem::ADDRESS.into());
        }
        if let Some(holder) = pass.caller().key() {
            check_key(holder, &tenant.record, route, peer)?;
        }
        if let Some(holder) = pass.caller().token() {
            check_token(holder, route)?;
        }
        if let Some(holder) = pass.caller().certificate() {
            check_certificate(holder, route)?;
        }
        if let Some(holder) = pass.caller().application() {
            check_granted(holder, route, &self.0.own.issuer())?;
            self.check_bound(holder, parts, &authority, peer, onlooker.is_rehearsal())?;
        }
        self.check_product(route, &tenant, pass.caller(), onlooker)?;
        check_roles_of(route, pass.caller(), onlooker)?;
        // A token is sent on purpose; only what a browser sends by itself can be sent without its person's knowledge.
        if pass.caller().person().is_some() && pass.caller().application().is_none() {
            check_site(parts, route, peer, &authority, websocket)?;
        }
        onlooker.passed("standing", || tenant.record.standing.to_string());
        let traffic = self.0.meters.of(&tenant);
        let per_second = tenant.record.limits.of(Limit::RequestsPerSecond);
        if !onlooker.is_rehearsal() && !self.0.meters.admits(&traffic, per_second) {
            return Err(problem::BUSY.into());
        }
        let slot = hold(&tenant, &traffic, websocket, onlooker)?;
        if let Some(reads) = &route.reads {
            look.read_for(reads, parts, onlooker).await?;
        }
        let said = match route.policies.asks_by_expression {
            true => {
                let brought = Brought { asked: asked.with(&look), claims: claims.as_ref() };
                let rest = &path[identifiers.prefix.len()..];
                let known = Known { brought, rest, tenant: &tenant.record, caller: pass.caller() };
                Said::of(route, &known, onlooker)?
            }
            false => Said::default(),
        };
        let (counted, caller) = ((peer, said.spared), pass.caller());
        let tally = self.allow(route, &tenant, caller, &traffic, counted, onlooker).await?;
        let allowance = Allowance { tally, slot };
        let read = match is_screened {
            true => self.screen_body(route, &parts.headers, look, onlooker).await?,
            false => look.into_ahead(),
        };
        let target = Target::of(parts, authority.sent, route, identifiers.prefix, (&tenant.record, &said))?;
        onlooker.passed("target", || format!("{} of deployment {}", target.uri, deployment));
        let account = Account::of(traffic, pass.caller());
        let route_logs_path = route.policies.log.says(Detail::Path);
        let (route, certificate) = (route.clone(), certificate.cloned());
        Ok(Admitted {
            route,
            pass,
            tenant,
            deployment,
            credential,
            certificate,
            read,
            target,
            account,
            origin,
            websocket,
            allowance,
            said,
            path: if route_logs_path { path.into() } else { Box::default() },
            address: peer.ip,
        })
    }

    /// With an API key, and at which tenant. Whether it is a key at all is said before anything about tenants
    /// is: what is said of a stranger's text must not depend on where it was sent.
    async fn by_key(
        &self,
        text: ApiKeyText<'_>,
        route: &Route,
        identifiers: &Identifiers<'_>,
        peer: &Peer,
        origin: Origin,
    ) -> Result<(Resolved, Credential), No> {
        let key = self.present(text)?;
        let holder = self.holder(&key, peer).await?;
        let resolved = match identifiers.is_empty() {
            true if route.by_key => self.0.needs.warden.resolve_id(holder.tenant)?,
            _ => self.resolve(identifiers, &Credential::None, origin)?,
        };
        Ok((resolved, Credential::Key(key)))
    }

    /// With a client certificate, and at which tenant. Whether it is believed is said before anything about tenants is.
    fn by_certificate(
        &self,
        presented: &ClientCertificate,
        route: &Route,
        identifiers: &Identifiers<'_>,
        origin: Origin,
    ) -> Result<(Resolved, Credential), No> {
        let holders = self.certificate_holders(presented)?;
        let resolved = match &*holders {
            [only] if route.by_certificate && identifiers.is_empty() => {
                self.0.needs.warden.resolve_id(only.tenant)?
            }
            _ if route.by_certificate && identifiers.is_empty() => {
                let how = "The certificate is good at several organisations: say in each request which one it is for.";
                return Err(No::with(problem::TENANT_UNNAMED, how.to_owned()));
            }
            _ => self.resolve(identifiers, &Credential::None, origin)?,
        };
        let here = resolved.tenant().record.id;
        // One that is for others is told as theirs, and the warden refuses it.
        let holder = holders.iter().find(|holder| holder.tenant == here).or(holders.first());
        let holder = holder.ok_or_else(|| No::because(problem::CERTIFICATE_UNMAPPED))?;
        Ok((resolved, Credential::Certificate(holder.clone())))
    }

    /// At which tenant, with a token that was believed. Whoever is known at several chooses one in each request.
    fn with_token(
        &self,
        tenants: &[TenantId],
        route: &Route,
        identifiers: &Identifiers<'_>,
        origin: Origin,
    ) -> Result<Resolved, No> {
        match tenants {
            [only] if route.by_token && identifiers.is_empty() => {
                Ok(self.0.needs.warden.resolve_id(*only)?)
            }
            _ if route.by_token && identifiers.is_empty() => {
                let how =
                    "The token is good at several organisations: say in each request which one it is for.";
                Err(No::with(problem::TENANT_UNNAMED, how.to_owned()))
            }
            _ => Ok(self.resolve(identifiers, &Credential::None, origin)?),
        }
    }

    /// At which tenant, and with what. The cookie at a tenant's own host says already which tenant that is; on
    /// a host that tenants share, the tenant says which of several cookies is meant.
    fn who(
        &self,
        route: &Route,
        identifiers: &Identifiers<'_>,
        headers: &HeaderMap,
        origin: Origin,
    ) -> Result<(Resolved, Credential), No> {
        if !route.takes(CredentialKind::Session) {
            if identifiers.is_empty() {
                return Err(No::because(needed(route)));
            }
            return Ok((self.resolve(identifiers, &Credential::None, origin)?, Credential::None));
        }
        if route.by_host {
            let credential = self.credential(headers, None);
            return Ok((self.resolve(identifiers, &credential, origin)?, credential));
        }
        let resolved = self.resolve(identifiers, &Credential::None, origin)?;
        let credential = self.credential(headers, Some(resolved.tenant().record.id));
        Ok((resolved, credential))
    }

    fn credential(&self, headers: &HeaderMap, shared: Option<TenantId>) -> Credential {
        let name = cookie::session_name(self.0.settings.secure, shared);
        let Presented::One(value) = cookie::presented(headers, &name) else { return Credential::None };
        let host = if shared.is_some() { HostOf::Several } else { HostOf::Tenant };
        let cookie = self.0.cookies.load().read_tenant(host, value, self.0.needs.clock.now());
        cookie.map_or(Credential::None, Credential::Session)
    }

    fn resolve(
        &self,
        identifiers: &Identifiers<'_>,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Resolved, Refusal> {
        let cookie = match credential {
            Credential::Session(cookie) => Some(cookie),
            _ => None,
        };
        identifiers.resolve(&self.0.needs.warden, cookie, &self.0.lookups, origin)
    }
}

/// Says for whom the request is, where it is traced.
fn note(tenant: &Tenant, route: &Route) {
    let span = tracing::Span::current();
    if !span.is_disabled() {
        span.record("tenant", tracing::field::display(tenant.record.id));
        span.record("route", &*route.name);
    }
}

fn check_path(path: &str) -> Result<(), No> {
    target::check(path).map_err(|bad| match bad {
        BadTarget::Odd | BadTarget::Dots => No::because(problem::BAD_PATH),
        BadTarget::Reserved => No::because(problem::NOTHING_HERE),
    })
}

/// What is needed where no session is taken.
fn needed(route: &Route) -> Problem {
    match () {
        () if route.takes(CredentialKind::Token) => problem::BEARER_NEEDED,
        () if route.takes(CredentialKind::ApiKey) => problem::KEY_NEEDED,
        () => problem::CERTIFICATE_NEEDED,
    }
}

/// Where nobody said how long work takes.
const UNKNOWN_END: Duration = Duration::from_secs(120);

/// Somebody who may not in: sent to sign in if a browser is on its way, told otherwise.
fn stranger(refusal: Refusal, route: &Route, parts: &Parts, resolved: &Resolved) -> Stopped {
    let needs_sign_in = refusal == Refusal::SignInNeeded;
    if matches!(refusal, Refusal::Closed(Standing::Maintenance | Standing::Moving)) {
        return No::worked_on(resolved.tenant(), UNKNOWN_END).into();
    }
    if needs_sign_in && !route.takes(CredentialKind::Session) {
        return needed(route).into();
    }
    if needs_sign_in && route.audience == Audience::Browser && is_navigation(parts) {
        return Stopped::SignIn { tenant: resolved.tenant().clone(), shared: !route.by_host };
    }
    refusal.into()
}

/// A tenant that can only be read takes no request that means to change something, nor one that asks the
/// backend to take it for such.
fn check_standing(tenant: &Tenant, parts: &Parts) -> Result<(), Refusal> {
    const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
    let reads = is_safe(&parts.method) && !OVERRIDES.iter().any(|name| parts.headers.contains_key(*name));
    match tenant.record.standing {
        Standing::ReadOnly if !reads => Err(Refusal::Closed(Standing::ReadOnly)),
        _ => Ok(()),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A session must not be used by another site's page, not even by that of a sibling tenant, to which
/// browsers send it all the same.
fn check_site(
    parts: &Parts,
    route: &Route,
    peer: &Peer,
    here: &Authority<'_>,
    websocket: bool,
) -> Result<(), No> {
    if is_safe(&parts.method) && !websocket {
        return Ok(());
    }
    let origin = parts.headers.get(ORIGIN);
    if origin.is_some_and(|origin| route.trusted_origins.contains(origin)) {
        return Ok(());
    }
    let own = match (parts.headers.get(FETCH_SITE).map(HeaderValue::as_bytes), origin) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => origin.to_str().is_ok_and(|origin| is_own(origin, peer, here)),
        // No browser: nobody else's page can have sent it.
        (None, None) => true,
    };
    if own { Ok(()) } else { Err(No::because(problem::CROSS_SITE)) }
}

fn is_own(origin: &str, peer: &Peer, here: &Authority<'_>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default = |scheme: &str| if scheme == "https" { 443 } else { 80 };
    let port = here.port.unwrap_or(default(peer.scheme()));
    scheme == peer.scheme()
        && Authority::parse(authority)
            .is_ok_and(|origin| origin.host == here.host && origin.port.unwrap_or(default(scheme)) == port)
}
