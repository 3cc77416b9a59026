//! The house that the stories play in: two tenants and a person who belongs to both, one gateway, and a
//! backend.

use crate::backend::Backend;
use access::{
    Answer as Found, Bounds, ClaimedJob, CookieKeys, CrossTenant, CutShort, Directory, DirectoryError,
    HostOf, KeyEnd, KeyGrant, MemberGrant, OperatorGrant, PersonGrant, SessionGrant, TenantRecord, Warden,
    Witness, credential::session_digest,
};
use domain::{
    ApiKeyId, ApiKeyText, Chance, Clock, DeploymentId, Digest, Event, Heard, Limits, MemberId, Moment,
    ProviderId, RightSet, SignedKey, SigningKey, Standing, SubscriberId, TenantId, UserId, digest::MacKey,
    event::names,
};
use gateway::{DeploymentSpec, Gateway, Hosts, Needs, OnTheSameHost, Peer, Settings, Signing};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::net::TcpListener;

pub(crate) const ISSUER: &str = "http://id.base.test";
pub(crate) const PROOF_SECRET: &[u8] = b"the secret of the only deployment";
/// What signed keys are made under.
pub(crate) const KEY_SECRET: &[u8] = b"the secret of signed keys";
pub(crate) const DEPLOYMENT: DeploymentId = DeploymentId::from_bits(900);
/// Acme, at `acme.base.test` and `www.acme.test`; strangers may see its sign-in page.
pub(crate) const ACME: TenantId = TenantId::from_bits(1);
/// Beta, at `beta.base.test`; strangers may see its sign-in page.
pub(crate) const BETA: TenantId = TenantId::from_bits(2);
/// Gamma, at `gamma.base.test`; strangers must not learn that it exists.
pub(crate) const GAMMA: TenantId = TenantId::from_bits(3);
/// Carol belongs to all three.
pub(crate) const CAROL: UserId = UserId::from_bits(100);

/// What the directory knows, to be changed in the middle of a story.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) tenants: Mutex<HashMap<TenantId, TenantRecord>>,
    pub(crate) sessions: Mutex<HashMap<(TenantId, Digest), SessionGrant>>,
    pub(crate) refused: Mutex<Vec<CrossTenant>>,
    pub(crate) keys: Mutex<HashMap<Digest, KeyGrant>>,
    pub(crate) cut_short: Mutex<Vec<CutShort>>,
    /// How often somebody asked about a key.
    pub(crate) asked: AtomicU64,
    /// How often anybody asked anything.
    pub(crate) questions: AtomicU64,
    pub(crate) used: Mutex<Vec<(TenantId, ApiKeyId)>>,
    pub(crate) away: AtomicBool,
}

impl Facts {
    fn answer<T: Send + 'static>(&self, value: T) -> Found<'_, T> {
        self.questions.fetch_add(1, SeqCst);
        let away = self.away.load(SeqCst);
        Box::pin(async move { if away { Err(DirectoryError) } else { Ok(value) } })
    }
}

impl Directory for Facts {
    fn session(&self, tenant: TenantId, digest: Digest) -> Found<'_, Option<SessionGrant>> {
        self.answer(self.sessions.lock().unwrap().get(&(tenant, digest)).cloned())
    }
    fn person(&self, _: UserId, _: Digest) -> Found<'_, Option<PersonGrant>> {
        self.answer(None)
    }
    fn member(&self, _: TenantId, _: UserId, _: ProviderId) -> Found<'_, Option<MemberGrant>> {
        self.answer(None)
    }
    fn token(&self, _: Digest) -> Found<'_, Option<OperatorGrant>> {
        self.answer(None)
    }
    fn key(&self, digest: Digest) -> Found<'_, Option<KeyGrant>> {
        self.asked.fetch_add(1, SeqCst);
        self.answer(self.keys.lock().unwrap().get(&digest).cloned())
    }
    fn cut_short(&self, _: Option<TenantId>) -> Found<'_, Vec<CutShort>> {
        self.answer(self.cut_short.lock().unwrap().clone())
    }
    fn these(&self, ids: Vec<TenantId>) -> Found<'_, Vec<TenantRecord>> {
        let tenants = self.tenants.lock().unwrap();
        self.answer(ids.iter().filter_map(|id| tenants.get(id)).cloned().collect())
    }
    fn tenants(&self, after: Option<TenantId>, _: u32) -> Found<'_, Vec<TenantRecord>> {
        let all = if after.is_some() {
            Vec::new()
        } else {
            self.tenants.lock().unwrap().values().cloned().collect()
        };
        self.answer(all)
    }
    fn claim(&self, _: &'static str) -> Found<'_, Option<ClaimedJob>> {
        self.answer(None)
    }
}

impl Witness for Facts {
    fn refused(&self, attempt: CrossTenant) {
        self.refused.lock().unwrap().push(attempt);
    }
    fn active(&self, _: TenantId, _: Digest) {}
    fn active_person(&self, _: UserId, _: Digest) {}
    fn key_used(&self, tenant: TenantId, key: ApiKeyId) {
        self.used.lock().unwrap().push((tenant, key));
    }
}

/// A running gateway and everything around it.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) warden: Arc<Warden>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) backend: Backend,
    pub(crate) address: SocketAddr,
    pub(crate) key: Arc<protocol::Signer>,
    cookies: CookieKeys,
}

pub(crate) fn tenant(id: TenantId, slug: &str, published: bool, hostnames: &[&str]) -> TenantRecord {
    TenantRecord {
        id,
        slug: slug.parse().unwrap(),
        name: slug.parse().unwrap(),
        standing: Standing::Active,
        deployment: DEPLOYMENT,
        generation: 1,
        published,
        limits: Arc::new(Limits::default()),
        hostnames: hostnames.iter().map(|host| host.parse().unwrap()).collect(),
        networks: [].into(),
        exchanges_keys: false,
        maintenance: Default::default(),
        subscriptions: Default::default(),
        brand: None,
    }
}

fn settings() -> Settings {
    let hosts = Hosts { base: "base.test".parse().unwrap(), platform: vec!["id.base.test".parse().unwrap()] };
    let mut settings = Settings::new(hosts);
    settings.secure = false;
    settings
}

impl House {
    /// A house with the standard routes and a backend that echoes.
    pub(crate) async fn new() -> Self {
        Self::with(Backend::echo().await, |_| {}).await
    }

    /// The same with routes of its own.
    pub(crate) async fn routed(routes: &str) -> Self {
        let house = Self::new().await;
        house.gateway.set_routes(routes).unwrap();
        house
    }

    pub(crate) async fn with(backend: Backend, change: impl FnOnce(&mut Settings)) -> Self {
        let facts = Arc::new(Facts::default());
        for record in [
            tenant(ACME, "acme", true, &["www.acme.test"]),
            tenant(BETA, "beta", true, &[]),
            tenant(GAMMA, "gamma", false, &[]),
        ] {
            facts.tenants.lock().unwrap().insert(record.id, record);
        }
        let warden = Warden::new(facts.clone(), facts.clone(), Clock::System, Bounds::default());
        let warden = Arc::new(warden);
        warden.fill().await.unwrap();
        let mut settings = settings();
        change(&mut settings);
        let cookies = CookieKeys::new(MacKey::new(b"cookies"), vec![]);
        let key = Arc::new(protocol::Signer::new("key_1", SigningKey::generate(&Chance::system())));
        let gateway = gateway(settings, warden.clone(), cookies.clone(), key.clone());
        gateway.set_deployments(vec![deployment(&[&backend.origin()])]);
        gateway.set_key_secrets(vec![(MacKey::new(KEY_SECRET), Moment::from_micros(i64::MAX))]);
        let address = serve(gateway.clone()).await;
        House { gateway, warden, facts, backend, address, key, cookies }
    }

    /// A second node with the same keys and the same database, and a memory of its own.
    pub(crate) async fn second_node(&self) -> (Gateway, SocketAddr) {
        let warden = Warden::new(self.facts.clone(), self.facts.clone(), Clock::System, Bounds::default());
        warden.fill().await.unwrap();
        let node = gateway(settings(), Arc::new(warden), self.cookies.clone(), self.key.clone());
        node.set_deployments(vec![deployment(&[&self.backend.origin()])]);
        let address = serve(node.clone()).await;
        (node, address)
    }

    /// Carol signs in at a tenant; what her browser gets.
    pub(crate) fn carol_at(&self, tenant: TenantId) -> String {
        self.carol_on(HostOf::Tenant, tenant)
    }

    fn carol_on(&self, host: HostOf, tenant: TenantId) -> String {
        let id = Chance::system().token();
        let ends = Clock::System.now() + Duration::from_secs(3_600);
        let grant = SessionGrant {
            member: carol(tenant, &["surveys.reader"]),
            ends,
            idle_ends: ends,
            idle: Duration::from_secs(3_600),
        };
        let digest = session_digest(&id).unwrap();
        self.facts.sessions.lock().unwrap().insert((tenant, digest), grant);
        format!("pw_session={}", self.cookies.tenant_cookie(host, &id, tenant, DEPLOYMENT, ends))
    }

    /// A random key of a tenant's subscriber, changed as the story wants it.
    pub(crate) fn key_of(&self, tenant: TenantId, change: impl FnOnce(&mut KeyGrant)) -> String {
        let text = domain::api_key::random(&Chance::system()).reveal().clone();
        let mut grant = KeyGrant {
            key: ApiKeyId::from_bits(500 + tenant.bits()),
            tenant,
            subscriber: SubscriberId::from_bits(600 + tenant.bits()),
            scopes: vec![],
            networks: vec![],
            end: KeyEnd { at: Clock::System.now() + Duration::from_secs(3_600), revoked: false },
            used: Clock::System.now(),
        };
        change(&mut grant);
        let digest = ApiKeyText::parse(&text).unwrap().digest();
        self.facts.keys.lock().unwrap().insert(digest, grant);
        text
    }

    /// A signed key of a tenant's subscriber.
    pub(crate) fn signed_key_of(&self, tenant: TenantId, change: impl FnOnce(&mut SignedKey)) -> String {
        let mut key = SignedKey {
            key: ApiKeyId::from_bits(700 + tenant.bits()),
            tenant,
            subscriber: SubscriberId::from_bits(600 + tenant.bits()),
            ends: Clock::System.now() + Duration::from_secs(3_600),
            scopes: vec![],
            networks: vec![],
        };
        change(&mut key);
        key.sign(&MacKey::new(KEY_SECRET)).unwrap().reveal().clone()
    }

    /// The same at a host that tenants share.
    pub(crate) fn carol_on_shared(&self, tenant: TenantId) -> String {
        named_for(tenant, &self.carol_on(HostOf::Several, tenant))
    }

    /// All sessions at this tenant end, and the feed tells.
    pub(crate) async fn everybody_leaves(&self, tenant: TenantId) {
        self.facts.sessions.lock().unwrap().retain(|(at, _), _| *at != tenant);
        self.tell(tenant, names::SESSIONS_ENDED).await;
    }

    /// Carol's roles at a tenant are these from now on, and the feed tells.
    pub(crate) async fn promote(&self, tenant: TenantId, roles: &[&str]) {
        for ((at, _), grant) in self.facts.sessions.lock().unwrap().iter_mut() {
            if *at == tenant {
                grant.member = carol(tenant, roles);
            }
        }
        self.tell(tenant, names::MEMBER_CHANGED).await;
    }

    /// A tenant's entry changes, and the feed tells.
    pub(crate) async fn change(&self, tenant: TenantId, change: impl FnOnce(&mut TenantRecord)) {
        change(self.facts.tenants.lock().unwrap().get_mut(&tenant).unwrap());
        self.tell(tenant, names::TENANT_CHANGED).await;
    }

    pub(crate) async fn tell(&self, tenant: TenantId, name: &str) {
        let body = serde_json::Value::Null;
        let event = Heard { name: name.to_owned(), tenant, subject: tenant.to_string(), body };
        self.warden.hear(&[event]).await.unwrap();
    }

    /// The feed tells of something, with these facts.
    pub(crate) async fn tell_of(&self, tenant: TenantId, event: Event) {
        self.warden.hear_at_once(tenant, event).await;
    }

    pub(crate) fn refused(&self) -> Vec<CrossTenant> {
        self.facts.refused.lock().unwrap().clone()
    }
}

/// A session as if it had been begun for this tenant at a host that tenants share, whosever it is.
pub(crate) fn named_for(tenant: TenantId, session: &str) -> String {
    session.replace("pw_session=", &format!("pw_session_{tenant}="))
}

/// Carol as this tenant knows her.
pub(crate) fn carol(tenant: TenantId, roles: &[&str]) -> MemberGrant {
    MemberGrant {
        user: CAROL,
        member: MemberId::from_bits(100 + tenant.bits()),
        provider: ProviderId::from_bits(7),
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        rights: RightSet::default(),
        name: Some("Carol".into()),
        email: Some("carol@acme.test".into()),
        email_verified: false,
        attributes: None,
    }
}

fn gateway(
    settings: Settings,
    warden: Arc<Warden>,
    cookies: CookieKeys,
    key: Arc<protocol::Signer>,
) -> Gateway {
    let needs =
        Needs { warden, sign_in: Arc::new(OnTheSameHost), clock: Clock::System, chance: Chance::system() };
    Gateway::new(settings, needs, cookies, signing(&key))
}

/// This key signs, and it alone is published.
pub(crate) fn signing(key: &Arc<protocol::Signer>) -> Signing {
    let published = protocol::jose::published_key_set([(key.kid(), key.public())]).to_string();
    let published = protocol::JwkSet::parse(published.as_bytes()).unwrap();
    Signing { signer: key.clone(), issuer: ISSUER.into(), published }
}

/// The only deployment, with backends at these places.
pub(crate) fn deployment(upstreams: &[&str]) -> DeploymentSpec {
    DeploymentSpec {
        id: DEPLOYMENT,
        region: None,
        upstreams: upstreams.iter().map(|upstream| upstream.parse().unwrap()).collect(),
        balancing: Default::default(),
        proof_secret: MacKey::new(PROOF_SECRET),
    }
}

/// Puts the gateway behind a listener as the product's server does.
async fn serve(gateway: Gateway) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((stream, from)) = listener.accept().await else { continue };
            let gateway = gateway.clone();
            let peer = Arc::new(Peer::new(from.ip(), false));
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let (gateway, peer) = (gateway.clone(), peer.clone());
                    async move { Ok::<_, Infallible>(gateway.handle(request, &peer).await) }
                });
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http1().max_buf_size(gateway::limits::SERVER_BUFFER);
                let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}
