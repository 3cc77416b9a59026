//! Puts tenants and people into a fresh installation's database, through the store and by the warden's
//! permits, and signs the cookies that these people carry.

use crate::issuer;
use access::{
    Bounds, ChangePlatformSettings, CookieKeys, Credential, FinishSignIn, Origin, Permit, RunJob, Upkeep,
    Warden, Witness, credential::session_digest,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use control::{deployment, route};
use domain::{
    ApiKeyId, ApiKeyText, Chance, Clock, ConnectionId, DeploymentId, Digest, Event, MasterKey, MemberId,
    Moment, ProviderId, RequestId, Secret, SubscriberId, TenantId, UserId, api_key, event::names, id::Kind,
    seal::SealingKey,
};
use serde_json::json;
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use store::{
    Database, Engine, Keyring, OperatorWrite, Store, StoreError, TenantWrite, operator_sql, sql, values,
};

/// What tenants' slugs stand before.
pub(crate) const BASE_DOMAIN: &str = "bench.test";

/// What paths of the route that is open to all begin with.
pub(crate) const OPEN: &str = "/open";
/// And of the one that takes API keys.
pub(crate) const KEYED: &str = "/keyed";
/// And of the one that takes bearer tokens with a scope, within three limits.
pub(crate) const API: &str = "/api";

/// Tenants that one transaction registers.
const BATCH: u32 = 2_000;

const IDLE: Duration = Duration::from_secs(8 * 3_600);
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// How much is put in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) tenants: u32,
    /// How many of the tenants have somebody who is signed in.
    pub(crate) people: u32,
}

/// What is in the database now.
pub(crate) struct Town {
    pub(crate) tenants: Vec<Tenant>,
    /// Each at a tenant of their own.
    pub(crate) people: Vec<Person>,
    pub(crate) deployment: DeploymentId,
    /// What the deployment's proofs are made with.
    pub(crate) proof_secret: String,
}

/// A tenant.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) host: String,
}

/// Somebody with a session.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) tenant: Tenant,
    pub(crate) user: UserId,
    /// The value of their session's cookie.
    pub(crate) cookie: String,
    /// An API key of their tenant.
    pub(crate) key: String,
}

/// Fills the database in `data`, at which a node has been started and stopped once.
pub(crate) async fn fill(data: &Path, size: Size, upstream: SocketAddr) -> Result<Town, String> {
    fill_at(data, Database::Sqlite(data.join("partywall.db")), size, upstream).await
}

/// Fills this database, whose master key is in `data`.
pub(crate) async fn fill_at(
    data: &Path,
    database: Database,
    size: Size,
    upstream: SocketAddr,
) -> Result<Town, String> {
    let filler = Filler::open(data, database).await?;
    let (deployment, proof_secret) = filler.host_at(upstream).await?;
    filler.open_routes().await?;
    let tenants = filler.register(size.tenants, deployment).await.map_err(words)?;
    filler.warden.fill().await.map_err(|error| error.to_string())?;
    let keys = filler.cookie_keys().await?;
    let apart = (size.tenants / size.people).max(1) as usize;
    let mut people = Vec::new();
    for tenant in tenants.iter().step_by(apart).take(size.people as usize) {
        people.push(filler.settle(tenant, deployment, &keys).await?);
    }
    filler.store.engine().close().await;
    Ok(Town { tenants, people, deployment, proof_secret })
}

/// The database at this URL.
pub(crate) fn postgres(url: &str) -> Database {
    Database::Postgres { url: Secret::new(url.to_owned()), connections: 4 }
}

/// Makes the key that nodes over one database share.
pub(crate) fn make_master_key(data: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let path = data.join("master.key");
    std::fs::create_dir_all(data).map_err(words)?;
    std::fs::write(&path, BASE64_STANDARD.encode(Chance::system().bytes::<32>())).map_err(words)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(words)
}

/// Somebody who gives tenants other slugs, and tells of it.
pub(crate) struct Renames(Filler);

impl Renames {
    pub(crate) async fn open(data: &Path, database: Database) -> Result<Self, String> {
        Filler::open(data, database).await.map(Renames)
    }

    /// Gives one another slug. Gives its host, once that has landed.
    pub(crate) async fn one(&self, tenant: &Tenant, number: u32) -> Result<String, String> {
        let Renames(Filler { store, warden }) = self;
        let upkeep = warden.platform::<Upkeep>(self.0.origin()).expect("upkeep is the platform's own");
        let slug = format!("again{number:07}");
        let renamed = store.operate(&upkeep, async |tx| {
            let update = operator_sql!("UPDATE tenant SET slug = $2, changed_at = $3 WHERE id = $1");
            let now = tx.now();
            tx.run(update, values![tenant.id, &slug, now]).await?;
            tx.emit(tenant.id, Event::new(names::TENANT_CHANGED, tenant.id)).await
        });
        renamed.await.map_err(words)?;
        Ok(format!("{slug}.{BASE_DOMAIN}"))
    }
}

struct Filler {
    store: Store,
    warden: Warden,
}

/// Nothing is noted while the town is built.
struct Nobody;

impl Witness for Nobody {
    fn refused(&self, _attempt: access::CrossTenant) {}
    fn active(&self, _tenant: TenantId, _session: Digest) {}
    fn active_person(&self, _user: UserId, _session: Digest) {}
    fn key_used(&self, _tenant: TenantId, _key: ApiKeyId) {}
}

impl Filler {
    async fn open(data: &Path, database: Database) -> Result<Self, String> {
        let engine = Engine::open(&database).await.map_err(words)?;
        let store = Store::new(engine, Clock::System, Chance::system(), master_key(data)?);
        let directory = Arc::new(store.directory());
        let warden = Warden::new(directory, Arc::new(Nobody), Clock::System, Bounds::default());
        Ok(Filler { store, warden })
    }

    /// A deployment whose one backend is `upstream`; gives the secret that it believes.
    async fn host_at(&self, upstream: SocketAddr) -> Result<(DeploymentId, String), String> {
        let new = deployment::NewDeployment {
            name: "Bench".parse().expect("a plain word is a name"),
            upstreams: vec![format!("http://{upstream}").parse().expect("an address and a port")],
            balancing: Default::default(),
            region: None,
        };
        let permit = self.operator().await?;
        let made = deployment::create(&self.store, &permit, new).await.map_err(words)?;
        Ok((made.deployment.id, made.secret.reveal().clone()))
    }

    /// Tenants by host, as in every installation, and parts of each that are open to all, or to programs.
    async fn open_routes(&self) -> Result<(), String> {
        let host = format!("*.{BASE_DOMAIN}");
        // So many that nobody is stopped, but everybody is counted.
        let limit =
            |name: &str, per: &str| json!({ "name": name, "per": per, "window": 60, "limit": 1_000_000_000 });
        let limits = [limit("all", "tenant"), limit("each", "user"), limit("from", "address")];
        let routes = json!([
            { "name": "tenants", "host": host },
            { "name": "open", "host": host, "path": OPEN, "open": true },
            { "name": "keyed", "host": host, "path": KEYED, "audience": "api", "credentials": ["api_key"] },
            { "name": "api", "host": host, "path": API, "audience": "api", "credentials": ["token"],
              "scopes": [issuer::SCOPE], "policies": { "limits": limits } },
        ]);
        // Whether they are sound shows in the checks before anything is timed.
        let check: route::RouteCheck = Arc::new(|_| Ok(()));
        let permit = self.operator().await?;
        route::put(&self.store, &permit, routes, &check).await.map(drop).map_err(words)
    }

    async fn register(&self, count: u32, deployment: DeploymentId) -> Result<Vec<Tenant>, StoreError> {
        let upkeep = self.warden.platform::<Upkeep>(self.origin()).expect("upkeep is the platform's own");
        let mut tenants = Vec::with_capacity(count as usize);
        for from in (0..count).step_by(BATCH as usize) {
            let batch = self.store.operate(&upkeep, async |tx| {
                let mut batch = Vec::new();
                for number in from..count.min(from + BATCH) {
                    batch.push(put_tenant(tx, number, deployment).await?);
                }
                Ok::<_, StoreError>(batch)
            });
            tenants.extend(batch.await?);
        }
        Ok(tenants)
    }

    /// A person at this tenant, with a provider, a connection and a session.
    async fn settle(
        &self,
        tenant: &Tenant,
        deployment: DeploymentId,
        keys: &CookieKeys,
    ) -> Result<Person, String> {
        let at = self.warden.resolve_id(tenant.id).map_err(|refusal| refusal.to_string())?;
        let anybody = self.warden.permit(&at, &Credential::None, self.origin()).await;
        let introducing: Permit<FinishSignIn> = anybody.map_err(|refusal| refusal.to_string())?;
        let settling: Permit<RunJob> = self.warden.background(tenant.id, self.origin());
        let session = self.store.chance().token();
        let digest = session_digest(&session).expect("a token is a session id");
        let user = self.new_id();
        let key = api_key::random(self.store.chance()).reveal().clone();
        let (provider, connection, member) = (self.new_id(), self.new_id(), self.new_id());
        let settled = self.store.write(&settling, async |tx| {
            put_connection(tx, connection, provider).await?;
            let subject = Digest::of(user.to_string().as_bytes());
            tx.introduce(&introducing, user, "default", provider, subject).await?;
            put_member(tx, member, user).await?;
            put_session(tx, digest, member, provider, connection).await?;
            put_key(tx, &key).await?;
            Ok::<Moment, StoreError>(tx.now() + LIFE)
        });
        let ends = settled.await.map_err(words)?;
        let cookie = keys.tenant_cookie(access::HostOf::Tenant, &session, tenant.id, deployment, ends);
        Ok(Person { tenant: tenant.clone(), user, cookie, key })
    }

    async fn cookie_keys(&self) -> Result<CookieKeys, String> {
        let upkeep = self.warden.platform::<Upkeep>(self.origin()).expect("upkeep is the platform's own");
        let opened = self.store.survey(&upkeep, async |tx| Keyring::open(tx).await).await.map_err(words)?;
        let mut keys = opened.ok_or("the platform's keys are missing")?.cookies.into_iter();
        let current = keys.next().ok_or("there is no cookie key")?;
        Ok(CookieKeys::new(current, keys.collect()))
    }

    async fn operator(&self) -> Result<access::OperatorPermit<ChangePlatformSettings>, String> {
        let permit = self.warden.operator(&Credential::Socket, self.origin()).await;
        permit.map_err(|refusal| refusal.to_string())
    }

    fn origin(&self) -> Origin {
        Origin { request: RequestId::new(self.store.clock().now(), self.store.chance()) }
    }

    fn new_id<K: Kind>(&self) -> domain::Id<K> {
        domain::Id::new(self.store.clock().now(), self.store.chance())
    }
}

fn words(error: impl std::fmt::Display) -> String {
    format!("the database: {error}")
}

/// The key that the node made at its first start.
fn master_key(data: &Path) -> Result<MasterKey, String> {
    let text = std::fs::read_to_string(data.join("master.key")).map_err(words)?;
    let bytes = BASE64_STANDARD.decode(text.trim()).map_err(words)?;
    let bytes = bytes.try_into().map_err(|_| "the master key does not have 32 bytes".to_owned())?;
    Ok(MasterKey::new(SealingKey::new(bytes), vec![]))
}

async fn put_tenant(
    tx: &mut OperatorWrite,
    number: u32,
    deployment: DeploymentId,
) -> Result<Tenant, StoreError> {
    let id: TenantId = tx.new_id();
    let (slug, name, now) = (format!("t{number:06}"), format!("Tenant {number}"), tx.now());
    let tenant = operator_sql!(
        "INSERT INTO tenant (id, slug, name, standing, plan_id, deployment_id, region, generation, created_at, changed_at)
         SELECT $1, $2, $3, 'active', MIN(id), $4, 'default', 1, $5, $5 FROM plan"
    );
    tx.run(tenant, values![id, &slug, &name, deployment, now]).await?;
    let setting = operator_sql!(
        "INSERT INTO tenant_setting (tenant_id, published, session_idle, session_life, changed_at)
         VALUES ($1, 1, $2, $3, $4)"
    );
    tx.run(setting, values![id, IDLE, LIFE, now]).await?;
    Ok(Tenant { id, host: format!("{slug}.{BASE_DOMAIN}") })
}

async fn put_connection(
    tx: &mut TenantWrite,
    connection: ConnectionId,
    provider: ProviderId,
) -> Result<(), StoreError> {
    const ISSUER: &str = "https://login.bench.test";
    let now = tx.now();
    let insert = sql!(
        "INSERT INTO provider (tenant_id, id, name, kind, issuer, created_at) VALUES ($1, $2, 'Bench', 'oidc', $3, $4)"
    );
    tx.run(insert, values![provider, ISSUER, now]).await?;
    let secret = tx.seal(&format!("connection {connection}"), b"nobody asks this provider");
    let insert = sql!(
        "INSERT INTO connection (tenant_id, id, provider_id, name, standing, issuer, client_id, client_secret, settings,
         tested_at, created_at, changed_at) VALUES ($1, $2, $3, 'Bench', 'active', $4, 'bench', $5, '{}', $6, $6, $6)"
    );
    tx.run(insert, values![connection, provider, ISSUER, &secret, now]).await.map(drop)
}

async fn put_member(tx: &mut TenantWrite, member: MemberId, user: UserId) -> Result<(), StoreError> {
    let now = tx.now();
    let insert = sql!(
        "INSERT INTO member (tenant_id, id, user_id, standing, source, created_at, changed_at, seen_at)
         VALUES ($1, $2, $3, 'active', 'first-sign-in', $4, $4, $4)"
    );
    tx.run(insert, values![member, user, now]).await?;
    let insert = sql!(
        "INSERT INTO member_role (tenant_id, member_id, role, granted_by, granted_at)
         VALUES ($1, $2, $3, 'system', $4)"
    );
    for role in ["creator", "reader"] {
        tx.run(insert, values![member, role, now]).await?;
    }
    let profile = json!({ "name": "Alex Example", "email": "alex@people.bench.test" }).to_string();
    let sealed = tx.seal_for_member(member, profile.as_bytes()).await?;
    let insert =
        sql!("INSERT INTO member_profile (tenant_id, member_id, sealed, changed_at) VALUES ($1, $2, $3, $4)");
    tx.run(insert, values![member, &sealed, now]).await.map(drop)
}

/// A key of a subscriber of its own, for a day, without scopes.
async fn put_key(tx: &mut TenantWrite, key: &str) -> Result<(), StoreError> {
    let (subscriber, id, now): (SubscriberId, ApiKeyId, _) = (tx.new_id(), tx.new_id(), tx.now());
    let insert = sql!(
        "INSERT INTO subscriber (tenant_id, id, name, contact, created_at, changed_at) VALUES ($1, $2, 'Bench', '', $3, $3)"
    );
    tx.run(insert, values![subscriber, now]).await?;
    let digest = ApiKeyText::parse(key).expect("a key that was just made").digest();
    let insert = sql!(
        "INSERT INTO api_key (tenant_id, id, subscriber_id, kind, name, digest, scopes, networks, created_by, created_at,
           signed_until, ends_at, ended_because, warn_at, used_at, idle, idle_ends, replaces)
         VALUES ($1, $2, $3, 'random', 'Bench', $4, '', '', 'system', $5, 0, $6, '', 0, 0, 0, $6, '')"
    );
    tx.run(insert, values![id, subscriber, digest, now, now + LIFE]).await.map(drop)
}

async fn put_session(
    tx: &mut TenantWrite,
    digest: Digest,
    member: MemberId,
    provider: ProviderId,
    connection: ConnectionId,
) -> Result<(), StoreError> {
    let now = tx.now();
    let insert = sql!(
        "INSERT INTO session (tenant_id, digest, member_id, provider_id, connection_id, since, idle, idle_ends, ends)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    tx.run(insert, values![digest, member, provider, connection, now, IDLE, now + IDLE, now + LIFE])
        .await
        .map(drop)
}
