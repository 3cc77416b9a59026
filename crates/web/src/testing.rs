//! The world of this crate's tests: two tenants and a house in a directory of their own, a clock that
//! stands still, and people as objects. The warden is the real one.

use crate::{
    HostKind, Hosts, Manners, NoneShared, Pages, Routes, Site, Throttle, Web, cookie, csrf, limit, own_routes,
};
use access::{
    Answer, AssumeTenant, Bounds, ClaimedJob, CookieKeys, CrossTenant, CutShort, Directory, DirectoryError,
    KeyGrant, MemberGrant, OperatorGrant, OperatorPermit, PersonGrant, Resolved, SessionGrant, TenantRecord,
    Warden, Witness, credential::session_digest,
};
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use domain::{
    ApiKeyId, Chance, Clock, DeploymentId, Digest, Limits, MemberId, Moment, PlatformRole, ProviderId,
    Standing, TenantId, TokenId, UserId, digest::MacKey,
};
use std::{sync::Arc, time::Duration};

pub(crate) const ACME: TenantId = TenantId::from_bits(1);
pub(crate) const BETA: TenantId = TenantId::from_bits(2);
pub(crate) const HIDDEN: TenantId = TenantId::from_bits(3);
pub(crate) const HOUSE: TenantId = TenantId::from_bits(9);
const DEPLOYMENT: DeploymentId = DeploymentId::from_bits(1);
const PROVIDER: ProviderId = ProviderId::from_bits(1);
pub(crate) const NOW: Moment = Moment::from_seconds(1_800_000_000);
const ENDS: Moment = Moment::from_seconds(1_800_003_600);
const TOKEN: &str = "pwo_0123456789012345678901234567890123456789012";

/// The addresses of an installation on https at example.com.
pub(crate) fn hosts() -> Hosts {
    Hosts {
        id: "https://id.example.com".parse().expect("an address"),
        console: "https://console.example.com".parse().expect("an address"),
        api: "https://api.example.com".parse().expect("an address"),
        base_domain: "example.com".parse().expect("a hostname"),
        https: true,
        port: None,
        development: false,
    }
}

/// Somebody with a session: an id of theirs, the tenant they belong to, and what they may do there.
#[derive(Clone, Copy)]
pub(crate) struct Someone {
    number: u128,
    home: TenantId,
    role: Option<PlatformRole>,
}

pub(crate) const ADMIN_AT_ACME: Someone = Someone::new(11, ACME, Some(PlatformRole::Admin));
pub(crate) const MEMBER_AT_ACME: Someone = Someone::new(12, ACME, None);
pub(crate) const ADMIN_AT_BETA: Someone = Someone::new(21, BETA, Some(PlatformRole::Admin));
pub(crate) const OPERATOR: Someone = Someone::new(91, HOUSE, Some(PlatformRole::Operator));
const EVERYONE: [Someone; 4] = [ADMIN_AT_ACME, MEMBER_AT_ACME, ADMIN_AT_BETA, OPERATOR];

impl Someone {
    const fn new(number: u128, home: TenantId, role: Option<PlatformRole>) -> Self {
        Someone { number, home, role }
    }

    pub(crate) fn user(self) -> UserId {
        UserId::from_bits(self.number)
    }

    /// The opaque id of this person's session.
    fn session(self) -> String {
        format!("{:0>43}", self.number)
    }

    pub(crate) fn digest(self) -> Digest {
        session_digest(&self.session()).expect("43 characters")
    }

    fn grant(self) -> MemberGrant {
        MemberGrant {
            user: self.user(),
            member: MemberId::from_bits(self.number),
            provider: PROVIDER,
            roles: Arc::new([]),
            rights: self.role.map(PlatformRole::rights).unwrap_or_default(),
            name: Some("Someone".into()),
            email: None,
            email_verified: false,
            attributes: None,
        }
    }

    /// The cookie header with this person's session at that kind of host.
    pub(crate) fn cookie(self, kind: HostKind) -> String {
        let (keys, id) = (keys(), self.session());
        let (name, value) = match kind {
            HostKind::Id => (cookie::PERSON, keys.person_cookie("id", &id, self.user(), ENDS)),
            HostKind::Console => (cookie::CONSOLE, keys.person_cookie("console", &id, self.user(), ENDS)),
            _ => (
                cookie::SESSION,
                keys.tenant_cookie(access::HostOf::Tenant, &id, self.home, DEPLOYMENT, ENDS),
            ),
        };
        format!("__Host-{name}={value}")
    }
}

fn keys() -> CookieKeys {
    CookieKeys::new(MacKey::new(b"cookies"), vec![])
}

fn by_digest(digest: Digest) -> Option<Someone> {
    EVERYONE.into_iter().find(|someone| someone.digest() == digest)
}

struct Records;

impl Records {
    fn tenants() -> Vec<TenantRecord> {
        let record = |id, slug: &str, published| TenantRecord {
            id,
            slug: slug.parse().unwrap_or_else(|_| domain::Slug::house()),
            name: slug.parse().expect("a name"),
            standing: Standing::Active,
            deployment: DEPLOYMENT,
            generation: 0,
            published,
            limits: Arc::new(Limits::default()),
            hostnames: vec![],
            networks: [].into(),
            exchanges_keys: false,
            maintenance: Default::default(),
            subscriptions: Default::default(),
            brand: None,
        };
        vec![
            record(ACME, "acme", true),
            record(BETA, "beta", true),
            record(HIDDEN, "hidden", false),
            record(HOUSE, "house", true),
        ]
    }
}

fn ready<T: Send + 'static>(value: T) -> Answer<'static, T> {
    Box::pin(async move { Ok::<_, DirectoryError>(value) })
}

impl Directory for Records {
    fn session(&self, tenant: TenantId, digest: Digest) -> Answer<'_, Option<SessionGrant>> {
        let here = by_digest(digest).filter(|someone| someone.home == tenant);
        ready(here.map(|someone| SessionGrant {
            member: someone.grant(),
            ends: ENDS,
            idle_ends: ENDS,
            idle: Duration::from_secs(3_600),
        }))
    }
    fn person(&self, user: UserId, digest: Digest) -> Answer<'_, Option<PersonGrant>> {
        let known = by_digest(digest).filter(|someone| someone.user() == user);
        ready(known.map(|_| PersonGrant {
            user,
            provider: PROVIDER,
            ends: ENDS,
            idle_ends: ENDS,
            idle: Duration::from_secs(3_600),
            digest,
            since: NOW,
            proof: Default::default(),
        }))
    }
    fn member(&self, tenant: TenantId, user: UserId, _: ProviderId) -> Answer<'_, Option<MemberGrant>> {
        let at_home = |someone: &Someone| someone.user() == user && someone.home == tenant;
        ready(EVERYONE.into_iter().find(at_home).map(Someone::grant))
    }
    fn token(&self, digest: Digest) -> Answer<'_, Option<OperatorGrant>> {
        ready((digest == Digest::of(TOKEN.as_bytes())).then_some(OperatorGrant {
            token: TokenId::from_bits(1),
            rights: PlatformRole::Operator.rights(),
            ends: ENDS,
        }))
    }
    fn key(&self, _: Digest) -> Answer<'_, Option<KeyGrant>> {
        ready(None)
    }
    fn cut_short(&self, _: Option<TenantId>) -> Answer<'_, Vec<CutShort>> {
        ready(vec![])
    }
    fn these(&self, ids: Vec<TenantId>) -> Answer<'_, Vec<TenantRecord>> {
        ready(Records::tenants().into_iter().filter(|record| ids.contains(&record.id)).collect())
    }
    fn tenants(&self, after: Option<TenantId>, _: u32) -> Answer<'_, Vec<TenantRecord>> {
        ready(if after.is_none() { Records::tenants() } else { vec![] })
    }
    fn note_assumption<'a>(
        &'a self,
        _: &'a OperatorPermit<AssumeTenant>,
        _: TenantId,
        reason: &'a str,
    ) -> Answer<'a, ()> {
        let written = if reason.contains("disk is full") { Err(DirectoryError) } else { Ok(()) };
        Box::pin(async move { written })
    }
    fn claim(&self, _: &'static str) -> Answer<'_, Option<ClaimedJob>> {
        ready(None)
    }
}

struct Blind;

impl Witness for Blind {
    fn refused(&self, _: CrossTenant) {}
    fn active(&self, _: TenantId, _: Digest) {}
    fn active_person(&self, _: UserId, _: Digest) {}
    fn key_used(&self, _: TenantId, _: ApiKeyId) {}
}

/// An installation of whatever routes a test brings.
pub(crate) struct World {
    pub(crate) web: Web,
    site: Site,
}

/// An installation with these routes.
pub(crate) async fn world(routes: Routes<Web>) -> World {
    world_with(routes, Pages::new()).await
}

/// An installation with these routes, and these pages in its navigation.
pub(crate) async fn world_with(routes: Routes<Web>, pages: Pages) -> World {
    let clock = Clock::movable(NOW);
    let warden = Warden::new(Arc::new(Records), Arc::new(Blind), clock.clone(), Bounds::default());
    warden.fill().await.expect("the records are at hand");
    let web = Web::new(Manners {
        warden: Arc::new(warden),
        clock,
        chance: Chance::system(),
        hosts: hosts(),
        shared: Arc::new(NoneShared),
        cookies: keys(),
        csrf: csrf::Key::new(MacKey::new(b"forms")),
        throttle: Throttle::new(Clock::movable(NOW), 16, limit::usual),
        pages,
    });
    let site = Site::new(web.clone(), routes.merge(own_routes()).with_state(web.clone()));
    World { web, site }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    /// A request to this kind of host, which `server` would have recognised; at a tenant's host, Acme's.
    pub(crate) async fn ask(
        &self,
        kind: HostKind,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).expect("a request");
        request.extensions_mut().insert(kind);
        if kind == HostKind::Tenant {
            let at: Resolved = self.web.warden.resolve_id(ACME).expect("Acme is there");
            request.extensions_mut().insert(at);
        }
        read(self.site.answer(request).await).await
    }

    /// A script reads at the API.
    pub(crate) async fn get(&self, kind: HostKind, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask(kind, "GET", path, headers, "").await
    }

    /// Somebody reads with their session.
    pub(crate) async fn get_as(&self, someone: Someone, kind: HostKind, path: &str) -> Reply {
        let cookie = someone.cookie(kind);
        self.get(kind, path, &[(header::COOKIE.as_str(), &cookie)]).await
    }
}

pub(crate) fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

async fn read(response: Response) -> Reply {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).expect("text"),
    }
}
