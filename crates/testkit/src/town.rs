//! The usual place of a story: the house, Contoso, Fabrikam, and a canary that nobody may ever hear of.

use crate::World;
use access::{Cookie, CookieKeys, Credential, FinishSignIn, Permit, RunJob};
use domain::{
    ConnectionId, DeploymentId, Digest, MemberId, Moment, PlanId, ProviderId, TenantId, UserId,
    digest::MacKey,
};
use serde_json::json;
use std::time::Duration;
use store::{Keyring, StoreError, TenantWrite, operator_sql, sql, values};

/// How long the sessions that are made here live, used or not.
const IDLE: Duration = Duration::from_secs(3_600);
const LIFE: Duration = Duration::from_secs(12 * 3_600);

/// All tenants of a story, on one plan and one deployment.
pub struct Town {
    /// The operator's own tenant; its admin holds `partywall.operator`.
    pub house: Village,
    /// A tenant.
    pub contoso: Village,
    /// Another.
    pub fabrikam: Village,
    /// Dana belongs to Contoso, whose provider proves her…
    pub dana_at_contoso: Person,
    /// … and to Fabrikam as well, which Contoso shares that provider with.
    pub dana_at_fabrikam: Person,
    /// The tenant that may appear nowhere.
    pub canary: Canary,
    /// The plan of all of them.
    pub plan: PlanId,
    /// The deployment of all of them.
    pub deployment: DeploymentId,
}

/// A tenant with a provider of its own, an active connection to it, and two people.
pub struct Village {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its own hostname.
    pub hostname: String,
    /// Its provider.
    pub provider: ProviderId,
    /// Its connection to that provider.
    pub connection: ConnectionId,
    /// Runs the tenant.
    pub admin: Person,
    /// Uses the application; holds the application's role `reader`.
    pub reader: Person,
}

/// Somebody with a session at a tenant.
pub struct Person {
    /// The person.
    pub user: UserId,
    /// The person in this tenant.
    pub member: MemberId,
    /// The opaque id of their session at the tenant's host; goes into a cookie.
    pub session: String,
    /// What they present there.
    pub credential: Credential,
}

impl std::ops::Deref for Person {
    type Target = Credential;
    fn deref(&self) -> &Credential {
        &self.credential
    }
}

/// The canary tenant: every text of it carries [`Canary::MARK`].
pub struct Canary(pub Village);

impl Canary {
    /// The text that may appear in no response, event, log or export of anybody else.
    pub const MARK: &str = "canary-q7x2";

    /// Fails if `seen` betrays anything of the canary: its mark or its ids.
    ///
    /// # Panics
    /// If so.
    pub fn is_absent(&self, seen: &str) {
        let Village { id, provider, connection, admin, reader, .. } = &self.0;
        let marks = [
            Self::MARK.to_owned(),
            id.to_string(),
            provider.to_string(),
            connection.to_string(),
            admin.user.to_string(),
            admin.member.to_string(),
            reader.user.to_string(),
            reader.member.to_string(),
        ];
        for mark in marks {
            assert!(!seen.contains(&mark), "the canary sings: `{mark}` in {seen}");
        }
    }
}

impl Town {
    /// Founds the town in an empty world and lets the warden know of it.
    ///
    /// # Panics
    /// If the store or the warden refuses.
    pub async fn build(world: &World) -> Town {
        let (plan, deployment) = (world.new_id(), world.new_id());
        world.lay_ground(plan, deployment).await;
        let ground = Ground { world, plan, deployment };
        let house = ground.found("house", "The House", ["partywall.operator", "reader"]).await;
        let contoso = ground.found("contoso", "Contoso", ["partywall.admin", "reader"]).await;
        let fabrikam = ground.found("fabrikam", "Fabrikam", ["partywall.admin", "reader"]).await;
        let canary = ground.found(Canary::MARK, Canary::MARK, ["partywall.admin", Canary::MARK]).await;
        let dana = ground.introduce(contoso.id, contoso.provider, "dana").await;
        let dana_at_contoso =
            ground.join(contoso.id, contoso.provider, contoso.connection, dana, "dana", "reader").await;
        let shared = ground.share(&contoso, &fabrikam).await;
        let dana_at_fabrikam =
            ground.join(fabrikam.id, contoso.provider, shared, dana, "dana", "reader").await;
        Town {
            house,
            contoso,
            fabrikam,
            dana_at_contoso,
            dana_at_fabrikam,
            canary: Canary(canary),
            plan,
            deployment,
        }
    }

    /// The keys that the cookies of this town are signed with.
    pub fn cookie_keys(&self) -> CookieKeys {
        CookieKeys::new(MacKey::new(b"the town's cookie key"), vec![])
    }

    /// The value of the cookie that `person` presents at `at`.
    pub fn cookie(&self, at: &Village, person: &Person) -> String {
        let Credential::Session(Cookie::Tenant { ends, .. }) = person.credential else {
            unreachable!("people of a town come with a tenant's session");
        };
        self.cookie_keys().tenant_cookie(
            access::HostOf::Tenant,
            &person.session,
            at.id,
            self.deployment,
            ends,
        )
    }
}

impl World {
    /// A fresh id of any kind.
    pub fn new_id<K: domain::id::Kind>(&self) -> domain::Id<K> {
        domain::Id::new(self.clock.now(), &self.chance)
    }

    /// The platform's keys, the plan, the deployment and the application's role `reader`.
    async fn lay_ground(&self, plan: PlanId, deployment: DeploymentId) {
        let upkeep = self.upkeep();
        let laid = self.store.operate(&upkeep, async |tx| {
            Keyring::make(tx).await?;
            let now = tx.now();
            tx.run(
                operator_sql!("INSERT INTO plan (id, name, body, changed_at) VALUES ($1, 'standard', '{}', $2)"),
                values![plan, now],
            )
            .await?;
            let secret = tx.seal(&format!("deployment {deployment}"), b"a proof secret of thirty-two byt");
            tx.run(
                operator_sql!(
                    "INSERT INTO deployment (id, name, upstreams, proof_secret, changed_at)
                     VALUES ($1, 'main', '[\"http://127.0.0.1:9\"]', $2, $3)"
                ),
                values![deployment, &secret, now],
            )
            .await?;
            let role = operator_sql!(
                "INSERT INTO app_role (name, title, about, changed_at) VALUES ('reader', 'Reader', 'Reads.', $1)"
            );
            tx.run(role, values![now]).await?;
            Ok::<_, StoreError>(())
        });
        laid.await.expect("an empty platform takes its first rows");
    }
}

/// Where villages are founded.
struct Ground<'w> {
    world: &'w World,
    plan: PlanId,
    deployment: DeploymentId,
}

impl Ground<'_> {
    /// A tenant with a provider, a connection, an admin and a reader; `roles` are theirs in this order.
    async fn found(&self, slug: &str, name: &str, roles: [&str; 2]) -> Village {
        let id: TenantId = self.world.new_id();
        let hostname = format!("app.{slug}.test");
        self.register(id, slug, name, &hostname).await;
        self.world.warden.fill().await.expect("the directory answers");
        let provider = self.world.new_id();
        let connection = self.world.new_id();
        self.write(id, async |tx| {
            put_provider(tx, provider, slug, name).await?;
            put_connection(tx, connection, provider, slug, name).await
        })
        .await;
        let mut people = Vec::new();
        for (who, role) in ["admin", "reader"].into_iter().zip(roles) {
            let user = self.introduce(id, provider, &format!("{who} of {slug}")).await;
            people.push(self.join(id, provider, connection, user, &format!("{who}.{slug}"), role).await);
        }
        let [admin, reader] = people.try_into().unwrap_or_else(|_| unreachable!("two people were made"));
        Village { id, slug: slug.to_owned(), hostname, provider, connection, admin, reader }
    }

    async fn register(&self, id: TenantId, slug: &str, name: &str, hostname: &str) {
        let upkeep = self.world.upkeep();
        let registered = self.world.store.operate(&upkeep, async |tx| {
            let now = tx.now();
            tx.run(
                operator_sql!(
                    "INSERT INTO tenant (id, slug, name, standing, plan_id, deployment_id, region, generation, created_at,
                     changed_at) VALUES ($1, $2, $3, 'active', $4, $5, 'local', 1, $6, $6)"
                ),
                values![id, slug, name, self.plan, self.deployment, now],
            )
            .await?;
            tx.run(
                operator_sql!(
                    "INSERT INTO tenant_setting (tenant_id, published, session_idle, session_life, changed_at)
                     VALUES ($1, 1, $2, $3, $4)"
                ),
                values![id, IDLE, LIFE, now],
            )
            .await?;
            let host = operator_sql!("INSERT INTO hostname (host, tenant, created_at) VALUES ($1, $2, $3)");
            tx.run(host, values![hostname, id, now]).await?;
            Ok::<_, StoreError>(())
        });
        registered.await.expect("the registry takes a new tenant");
    }

    /// Makes a person known by what `provider` says of them.
    async fn introduce(&self, tenant: TenantId, provider: ProviderId, subject: &str) -> UserId {
        let user = self.world.new_id();
        let at = self.world.warden.resolve_id(tenant).expect("the warden knows this tenant");
        let by: Permit<FinishSignIn> = self
            .world
            .warden
            .permit(&at, &Credential::None, self.world.origin())
            .await
            .expect("anybody may sign in");
        let subject = Digest::of(subject.as_bytes());
        self.write(tenant, async |tx| tx.introduce(&by, user, "local", provider, subject).await).await;
        user
    }

    /// Makes a person a member with a profile, a role and a session.
    async fn join(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        connection: ConnectionId,
        user: UserId,
        who: &str,
        role: &str,
    ) -> Person {
        let member = self.world.new_id();
        let session = self.world.chance.token();
        let digest = access::credential::session_digest(&session).expect("a token is a session id");
        self.write(tenant, async |tx| {
            put_member(tx, member, user, role).await?;
            put_profile(tx, member, who).await?;
            put_session(tx, digest, member, provider, connection).await
        })
        .await;
        let ends = Moment::from_seconds((self.world.clock.now() + LIFE).seconds());
        let cookie = Cookie::Tenant { digest, tenant, deployment: self.deployment, ends };
        Person { user, member, session, credential: Credential::Session(cookie) }
    }

    /// Lets `to` connect to the provider of `from`; gives the connection.
    async fn share(&self, from: &Village, to: &Village) -> ConnectionId {
        self.write(from.id, async |tx| {
            let share = sql!(
                "INSERT INTO provider_share (tenant_id, provider_id, with_tenant, created_at) VALUES ($1, $2, $3, $4)"
            );
            tx.run(share, values![from.provider, to.id, tx.now()]).await.map(drop)
        })
        .await;
        let connection = self.world.new_id();
        self.write(to.id, async |tx| {
            put_connection(tx, connection, from.provider, &from.slug, "Partners").await
        })
        .await;
        connection
    }

    async fn write(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&mut TenantWrite) -> Result<(), StoreError>,
    ) {
        let permit: Permit<RunJob> = self.world.warden.background(tenant, self.world.origin());
        self.world.store.write(&permit, work).await.expect("a tenant takes its first rows");
    }
}

async fn put_provider(
    tx: &mut TenantWrite,
    id: ProviderId,
    slug: &str,
    name: &str,
) -> Result<(), StoreError> {
    let insert = sql!(
        "INSERT INTO provider (tenant_id, id, name, kind, issuer, created_at) VALUES ($1, $2, $3, 'oidc', $4, $5)"
    );
    let issuer = format!("https://idp.{slug}.test");
    tx.run(insert, values![id, name, issuer, tx.now()]).await.map(drop)
}

async fn put_connection(
    tx: &mut TenantWrite,
    id: ConnectionId,
    provider: ProviderId,
    slug: &str,
    name: &str,
) -> Result<(), StoreError> {
    let secret = tx.seal(&format!("connection {id}"), format!("secret of {slug}").as_bytes());
    let (issuer, client) = (format!("https://idp.{slug}.test"), format!("client-{slug}"));
    let insert = sql!(
        "INSERT INTO connection (tenant_id, id, provider_id, name, standing, issuer, client_id, client_secret, settings,
         tested_at, created_at, changed_at) VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, '{}', $8, $8, $8)"
    );
    tx.run(insert, values![id, provider, name, issuer, client, &secret, tx.now()]).await.map(drop)
}

async fn put_member(tx: &mut TenantWrite, id: MemberId, user: UserId, role: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let member = sql!(
        "INSERT INTO member (tenant_id, id, user_id, standing, source, created_at, changed_at, seen_at)
         VALUES ($1, $2, $3, 'active', 'first-sign-in', $4, $4, $4)"
    );
    tx.run(member, values![id, user, now]).await?;
    let role_row = sql!(
        "INSERT INTO member_role (tenant_id, member_id, role, granted_by, granted_at) VALUES ($1, $2, $3, 'system', $4)"
    );
    tx.run(role_row, values![id, role, now]).await.map(drop)
}

async fn put_profile(tx: &mut TenantWrite, member: MemberId, who: &str) -> Result<(), StoreError> {
    let profile = json!({ "name": who, "email": format!("{who}@people.test") }).to_string();
    let sealed = tx.seal_for_member(member, profile.as_bytes()).await?;
    let insert =
        sql!("INSERT INTO member_profile (tenant_id, member_id, sealed, changed_at) VALUES ($1, $2, $3, $4)");
    tx.run(insert, values![member, &sealed, tx.now()]).await.map(drop)
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
