//! Answers the warden's questions: the only unscoped reads of tenants' rows. On PostgreSQL they run under
//! a role that has policies on the tables named here and on no other.

mod lines;
mod plans;
mod rows;

use lines::{Batch, WholeBatch};
use plans::Plans;
use rows::{
    CutRow, Found, GrantRow, HostRow, KeyRow, MemberRow, PersonRow, RoleRow, SealedRow, SessionRow,
    SubscriptionRow, TokenRow,
};

use crate::{
    FromRow, OperatorSql, PlatformKey, Row, Store, StoreError, Value,
    audit::personal,
    engine::{Scope, Tx},
    operator_sql,
    tenant::bind,
    values,
};
use access::{
    Answer, AssumeTenant, ClaimedJob, CutShort, Directory, DirectoryError, Introduces, KeyGrant, MemberGrant,
    OperatorGrant, OperatorPermit, Permit, PersonGrant, SessionGrant, StandingGrant, Subscriptions,
    TenantAction, TenantRecord,
};
use domain::{
    Change, ConnectionId, Digest, GrantId, Hostname, MemberId, Moment, PlatformRole, ProviderId, Right,
    RightSet, RoleName, TenantId, UserId,
};
use std::{collections::HashMap, sync::Arc};

/// What answers the warden.
#[derive(Clone)]
pub struct StoreDirectory {
    store: Store,
    plans: Plans,
}

/// A read over several statements of one snapshot.
struct Reading(Tx);

impl Reading {
    async fn rows<T: FromRow>(&mut self, sql: OperatorSql, values: &[Value]) -> Result<Vec<T>, StoreError> {
        let bound = bind(sql.text(), sql.wants(), None, values)?;
        self.0.fetch(sql.text(), bound).await?.iter().map(T::from_row).collect()
    }

    async fn row<T: FromRow>(&mut self, sql: OperatorSql, values: &[Value]) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }
}

impl StoreDirectory {
    pub(crate) fn new(store: Store) -> Self {
        StoreDirectory { store, plans: Plans::default() }
    }

    async fn reading(&self) -> Result<Reading, StoreError> {
        self.store.engine.begin_read(Scope::Platform).await.map(Reading)
    }

    fn now(&self) -> Moment {
        self.store.tools.clock.now()
    }

    async fn find_session(
        &self,
        tenant: TenantId,
        digest: Digest,
    ) -> Result<Option<SessionGrant>, StoreError> {
        let mut reading = self.reading().await?;
        let found: Option<SessionRow> = reading
            .row(
                operator_sql!(
                    "SELECT member_id, provider_id, idle, idle_ends, ends FROM session
                     WHERE tenant_id = $1 AND digest = $2 AND ends > $3 AND idle_ends > $3"
                ),
                values![tenant, digest, self.now()],
            )
            .await?;
        let Some(session) = found else { return Ok(None) };
        let member = self.grant(&mut reading, tenant, Key::Member(session.member), session.provider).await?;
        Ok(member.map(|member| SessionGrant {
            member,
            ends: session.ends,
            idle_ends: session.idle_ends,
            idle: session.idle,
        }))
    }

    async fn find_member(
        &self,
        tenant: TenantId,
        user: UserId,
        provider: ProviderId,
    ) -> Result<Option<MemberGrant>, StoreError> {
        let mut reading = self.reading().await?;
        self.grant(&mut reading, tenant, Key::User(user), provider).await
    }

    /// What somebody is at a tenant: only if active there, and only by a provider that the tenant has an
    /// active connection to, which is its own or shared with it now. A session that another organisation's
    /// provider vouched for opens nothing here. Whatever the reason for a no, it took one statement.
    async fn grant(
        &self,
        reading: &mut Reading,
        tenant: TenantId,
        key: Key,
        provider: ProviderId,
    ) -> Result<Option<MemberGrant>, StoreError> {
        let member: Option<MemberRow> = match key {
            Key::Member(member) => {
                let sql = operator_sql!(
                    "SELECT m.id, m.user_id FROM member m
                     WHERE m.tenant_id = $1 AND m.id = $3 AND m.standing = 'active' AND EXISTS (
                       SELECT 1 FROM connection c JOIN provider p ON p.id = c.provider_id
                       WHERE c.tenant_id = $1 AND c.provider_id = $2 AND c.standing = 'active' AND (p.tenant_id = $1
                         OR EXISTS (SELECT 1 FROM provider_share s
                           WHERE s.tenant_id = p.tenant_id AND s.provider_id = p.id AND s.with_tenant = $1)))"
                );
                reading.row(sql, values![tenant, provider, member]).await?
            }
            Key::User(user) => {
                let sql = operator_sql!(
                    "SELECT m.id, m.user_id FROM member m
                     WHERE m.tenant_id = $1 AND m.user_id = $3 AND m.standing = 'active' AND EXISTS (
                       SELECT 1 FROM connection c JOIN provider p ON p.id = c.provider_id
                       WHERE c.tenant_id = $1 AND c.provider_id = $2 AND c.standing = 'active' AND (p.tenant_id = $1
                         OR EXISTS (SELECT 1 FROM provider_share s
                           WHERE s.tenant_id = p.tenant_id AND s.provider_id = p.id AND s.with_tenant = $1)))"
                );
                reading.row(sql, values![tenant, provider, user]).await?
            }
        };
        let Some(member) = member else { return Ok(None) };
        let roles: Vec<RoleRow> = reading
            .rows(
                operator_sql!(
                    "SELECT role FROM member_role WHERE tenant_id = $1 AND member_id = $2 ORDER BY role"
                ),
                values![tenant, member.id],
            )
            .await?;
        let roles: Arc<[RoleName]> = roles.into_iter().map(|row| row.0).collect();
        let rights = rights_of(&roles);
        let profile = self.profile(reading, tenant, member.id).await?;
        let text = |name: &str| profile.get(name).and_then(|value| value.as_str()).map(Arc::from);
        let domain = profile.get("domain").and_then(|value| value.as_str());
        if let Some(domain) = domain
            && self.comes_another_way(reading, tenant, domain, provider).await?
        {
            return Ok(None);
        }
        Ok(Some(MemberGrant {
            user: member.user,
            member: member.id,
            provider,
            roles,
            rights,
            name: text("name"),
            email: text("email"),
            email_verified: profile.get("email_verified") == Some(&serde_json::Value::Bool(true)),
            attributes: profile.get("attributes").map(|kept| Arc::from(kept.to_string())),
        }))
    }

    /// Whether the people of this domain, which the tenant has proved, come by another provider and by no other.
    async fn comes_another_way(
        &self,
        reading: &mut Reading,
        tenant: TenantId,
        domain: &str,
        provider: ProviderId,
    ) -> Result<bool, StoreError> {
        let sql = operator_sql!(
            "SELECT c.id FROM sign_in_domain d JOIN connection c ON c.tenant_id = $1 AND c.id = d.connection_id
             WHERE d.tenant_id = $1 AND d.domain = $2 AND d.only_way = 1 AND c.provider_id <> $3 AND EXISTS (
               SELECT 1 FROM domain_claim k
               WHERE k.tenant_id = $1 AND k.host = $2 AND k.standing IN ('active', 'warned'))"
        );
        Ok(reading.row::<Found>(sql, values![tenant, domain, provider]).await?.is_some())
    }

    async fn profile(
        &self,
        reading: &mut Reading,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<serde_json::Value, StoreError> {
        let key = operator_sql!("SELECT sealed FROM member_key WHERE tenant_id = $1 AND member_id = $2");
        let body = operator_sql!("SELECT sealed FROM member_profile WHERE tenant_id = $1 AND member_id = $2");
        let key: Option<SealedRow> = reading.row(key, values![tenant, member]).await?;
        let body: Option<SealedRow> = reading.row(body, values![tenant, member]).await?;
        let (Some(key), Some(body)) = (key, body) else { return Ok(serde_json::Value::Null) };
        let key = personal::open_key(&self.store.tools.master, tenant, member, &key.0)?;
        let plain = key.open(&personal::value_purpose(tenant, member), &body.0)?;
        Ok(serde_json::from_slice(&plain).unwrap_or_default())
    }

    async fn find_tenants(
        &self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantRecord>, StoreError> {
        let mut reading = self.reading().await?;
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let sql = operator_sql!(
            "SELECT COALESCE(string_agg(found.line, '\n'), '') AS batch FROM (
                 SELECT t.id || '\t' || t.slug || '\t' || t.name || '\t' || t.standing || '\t' || t.deployment_id || '\t' || t.generation || '\t' || s.published
                         || '\t' || s.networks || '\t' || s.exchanges_keys || '\t' || s.maintenance_from || '\t' || s.maintenance_until || '\t' || s.brand_mark || '\t' || s.brand_colour
                             || '\t' || s.brand_greeting || '\t' || s.brand_help || '\t' || s.brand_logo || '\t' || s.brand_shown || '\t' || t.plan_id AS line
                 FROM tenant t JOIN tenant_setting s ON s.tenant_id = t.id
                 WHERE t.id > $1 AND t.standing <> 'erased' ORDER BY t.id LIMIT $2) AS found"
        );
        let rows =
            reading.row(sql, values![&after, limit]).await?.map(|Batch(rows)| rows).unwrap_or_default();
        let last = rows.iter().map(|row| row.record.id).max();
        let last = last.map(|id| id.to_string()).unwrap_or_else(|| after.clone());
        let hosts: Vec<HostRow> = reading
            .rows(
                operator_sql!("SELECT tenant, host FROM hostname WHERE tenant > $1 AND tenant <= $2 ORDER BY tenant, host"),
                values![&after, &last],
            )
            .await?;
        let subscriptions = reading
            .rows(
                operator_sql!(
                    "SELECT tenant_id, product, subscriber_id FROM subscription
                     WHERE tenant_id > $1 AND tenant_id <= $2 ORDER BY tenant_id, product, subscriber_id"
                ),
                values![&after, &last],
            )
            .await?;
        let records = self.plans.with_limits(&mut reading, rows).await?;
        Ok(with_more(records, hosts, subscriptions))
    }

    /// Everything about a tenant in one statement: what is asked for next must not tell whether there is such a tenant.
    async fn find_these(&self, ids: &[TenantId]) -> Result<Vec<TenantRecord>, StoreError> {
        const AT_ONCE: usize = 16;
        let mut reading = self.reading().await?;
        let mut records = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let mut values: Vec<Value> = some.iter().map(|id| Value::from(*id)).collect();
            // No tenant's id is empty.
            values.resize(AT_ONCE, Value::from(""));
            let sql = operator_sql!(
                "SELECT COALESCE(string_agg(found.line, '\n'), '') AS batch FROM (
                     SELECT t.id || '\t' || t.slug || '\t' || t.name || '\t' || t.standing || '\t' || t.deployment_id || '\t' || t.generation || '\t' || s.published
                             || '\t' || s.networks || '\t' || s.exchanges_keys || '\t' || s.maintenance_from || '\t' || s.maintenance_until || '\t' || s.brand_mark || '\t' || s.brand_colour
                             || '\t' || s.brand_greeting || '\t' || s.brand_help || '\t' || s.brand_logo || '\t' || s.brand_shown || '\t' || t.plan_id
                             || '\t' || (SELECT COALESCE(string_agg(h.host, ' ' ORDER BY h.host), '') FROM hostname h WHERE h.tenant = t.id)
                             || '\t' || (SELECT COALESCE(string_agg(u.product || '=' || u.subscriber_id, ' ' ORDER BY u.product, u.subscriber_id), '')
                                         FROM subscription u WHERE u.tenant_id = t.id)
                             || '\t' || p.body AS line
                     FROM tenant t JOIN tenant_setting s ON s.tenant_id = t.id JOIN plan p ON p.id = t.plan_id
                     WHERE t.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AND t.standing <> 'erased') AS found"
            );
            let found = reading.row(sql, &values).await?.map(|WholeBatch(rows)| rows).unwrap_or_default();
            records.extend(found.into_iter().map(|row| self.plans.planned(row)));
        }
        Ok(records)
    }

    async fn find_person(&self, user: UserId, digest: Digest) -> Result<Option<PersonGrant>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT user_id, digest, provider, since, idle, idle_ends, ends, proof FROM person_session
             WHERE user_id = $1 AND digest = $2 AND ends > $3 AND idle_ends > $3"
        );
        Ok(reading.row::<PersonRow>(sql, values![user, digest, self.now()]).await?.map(|row| row.0))
    }

    async fn find_token(&self, digest: Digest) -> Result<Option<OperatorGrant>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT id, rights, ends_at FROM operator_token WHERE digest = $1 AND ends_at > $2"
        );
        Ok(reading.row::<TokenRow>(sql, values![digest, self.now()]).await?.map(|row| row.0))
    }

    async fn find_key(&self, digest: Digest) -> Result<Option<KeyGrant>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT id, tenant_id, subscriber_id, scopes, networks, ends_at, ended_because, used_at
             FROM api_key WHERE digest = $1"
        );
        Ok(reading.row::<KeyRow>(sql, values![digest]).await?.map(|row| row.0))
    }

    /// What an application was given, while that and the application stand. One in somebody's name stands no longer than
    /// they are a member, proven by a provider that is connected.
    async fn find_grant(
        &self,
        tenant: TenantId,
        grant: GrantId,
    ) -> Result<Option<StandingGrant>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT g.application_id, g.member_id, g.provider_id, g.ends FROM application_grant g
             JOIN application a ON a.id = g.application_id
             WHERE g.tenant_id = $1 AND g.id = $2 AND g.ended_at = 0 AND g.ends > $3"
        );
        let found: Option<GrantRow> = reading.row(sql, values![tenant, grant, self.now()]).await?;
        let Some(GrantRow { application, who, ends }) = found else { return Ok(None) };
        let member = match who {
            None => None,
            Some((member, provider)) => {
                let member = self.grant(&mut reading, tenant, Key::Member(member), provider).await?;
                let Some(member) = member else { return Ok(None) };
                Some(member)
            }
        };
        Ok(Some(StandingGrant { application, member, ends }))
    }

    async fn find_cut_short(&self, tenant: Option<TenantId>) -> Result<Vec<CutShort>, StoreError> {
        let mut reading = self.reading().await?;
        let now = self.now();
        let rows: Vec<CutRow> = match tenant {
            Some(tenant) => {
                let sql = operator_sql!(
                    "SELECT id, ends_at, ended_because, signed_until FROM api_key
                     WHERE tenant_id = $1 AND ends_at < signed_until AND signed_until > $2"
                );
                reading.rows(sql, values![tenant, now]).await?
            }
            None => {
                let sql = operator_sql!(
                    "SELECT id, ends_at, ended_because, signed_until FROM api_key
                     WHERE ends_at < signed_until AND signed_until > $1"
                );
                reading.rows(sql, values![now]).await?
            }
        };
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// The person behind an external identity, asked while somebody is being recognised.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn identity<I: Introduces>(
        &self,
        _by: &Permit<I>,
        provider: ProviderId,
        subject: Digest,
    ) -> Result<Option<UserId>, StoreError> {
        let mut reading = self.reading().await?;
        let sql =
            operator_sql!("SELECT user_id AS id FROM identity_link WHERE provider = $1 AND subject = $2");
        reading.row::<Found>(sql, values![provider, subject]).await?.map(|row| row.parse()).transpose()
    }

    /// The public halves of every key that audit checkpoints were ever signed under. They are taken from the
    /// sealed keys, so that altering the database does not add one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_keys(&self) -> Result<Vec<(domain::KeyId, domain::VerifyingKey)>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT id, purpose, standing, sealed, created_at, ends_at FROM platform_key WHERE purpose = 'audit'
             ORDER BY created_at, id"
        );
        let keys: Vec<PlatformKey> = reading.rows(sql, &[]).await?;
        keys.iter()
            .map(|key| Ok((key.id, key.open_signing(&self.store.tools.master)?.public().clone())))
            .collect()
    }

    /// The issuer and name of a provider that another tenant owns and has shared with this permit's; none
    /// if there is no such provider, or it is not shared: the two cannot be told apart.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shared_provider<A: TenantAction>(
        &self,
        by: &Permit<A>,
        provider: ProviderId,
    ) -> Result<Option<SharedProvider>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT p.tenant_id, p.id, p.issuer, p.name, p.kind, p.metadata FROM provider p
             JOIN provider_share s ON s.tenant_id = p.tenant_id AND s.provider_id = p.id
             WHERE p.id = $1 AND s.with_tenant = $2"
        );
        reading.row(sql, values![provider, by.tenant_id()]).await
    }

    /// The providers that other tenants share with this permit's, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn shared_providers<A: TenantAction>(
        &self,
        by: &Permit<A>,
    ) -> Result<Vec<SharedProvider>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT p.tenant_id, p.id, p.issuer, p.name, p.kind, p.metadata FROM provider p
             JOIN provider_share s ON s.tenant_id = p.tenant_id AND s.provider_id = p.id
             WHERE s.with_tenant = $1 ORDER BY p.id LIMIT 500"
        );
        reading.rows(sql, values![by.tenant_id()]).await
    }

    /// Whose this domain is, if somebody has proved it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenant_of_domain(&self, domain: &Hostname) -> Result<Option<TenantId>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!("SELECT tenant AS id FROM people_domain WHERE domain = $1");
        reading.row::<Found>(sql, values![domain]).await?.map(|row| row.parse()).transpose()
    }

    /// Whose a connection is. Its id stands in the addresses that are registered at providers, which name no tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn owner_of_connection(&self, id: ConnectionId) -> Result<Option<TenantId>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!("SELECT tenant_id AS id FROM connection WHERE id = $1");
        reading.row::<Found>(sql, values![id]).await?.map(|row| row.parse()).transpose()
    }

    /// The tenants that a person is an active member of, whose connections their provider may serve.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants_of<A: access::PersonAction>(
        &self,
        by: &access::PersonPermit<A>,
    ) -> Result<Vec<TenantId>, StoreError> {
        let mut reading = self.reading().await?;
        let sql = operator_sql!(
            "SELECT m.tenant_id AS id FROM member m JOIN tenant t ON t.id = m.tenant_id
             WHERE m.user_id = $1 AND m.standing = 'active' AND t.standing <> 'erased' ORDER BY m.tenant_id LIMIT 500"
        );
        reading.rows::<Found>(sql, values![by.user()]).await?.into_iter().map(|row| row.parse()).collect()
    }
}

enum Key {
    Member(MemberId),
    User(UserId),
}

/// A provider of another tenant.
#[derive(Clone, Debug)]
pub struct SharedProvider {
    /// Its owner.
    pub owner: TenantId,
    /// Its id.
    pub id: ProviderId,
    /// Its issuer.
    pub issuer: String,
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub kind: String,
    /// What it published, where that is kept.
    pub metadata: String,
}

impl FromRow for SharedProvider {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(SharedProvider {
            owner: row.parse("tenant_id")?,
            id: row.parse("id")?,
            issuer: row.text("issuer")?,
            name: row.text("name")?,
            kind: row.text("kind")?,
            metadata: row.text("metadata")?,
        })
    }
}

fn rights_of(roles: &[RoleName]) -> RightSet {
    roles
        .iter()
        .filter_map(|role| PlatformRole::named(role.as_str()))
        .fold(RightSet::of(&[Right::UseApplication]), |rights, role| rights.with(role.rights()))
}

fn with_more(
    records: Vec<TenantRecord>,
    hosts: Vec<HostRow>,
    subscriptions: Vec<SubscriptionRow>,
) -> Vec<TenantRecord> {
    let mut by_tenant: HashMap<TenantId, Vec<Hostname>> = HashMap::new();
    hosts.into_iter().for_each(|row| by_tenant.entry(row.tenant).or_default().push(row.host));
    let mut subscribed: HashMap<TenantId, Vec<_>> = HashMap::new();
    for SubscriptionRow { tenant, product, subscriber } in subscriptions {
        subscribed.entry(tenant).or_default().push((product, subscriber));
    }
    records
        .into_iter()
        .map(|mut record| {
            record.hostnames = by_tenant.remove(&record.id).unwrap_or_default();
            record.subscriptions = Subscriptions::of(subscribed.remove(&record.id).unwrap_or_default());
            record
        })
        .collect()
}

/// Logs what was wrong, once, and tells the warden only that there is no answer.
fn answer<T>(result: Result<T, StoreError>) -> Result<T, DirectoryError> {
    result.map_err(|error| {
        tracing::error!(%error, "the directory cannot be read: {error}");
        DirectoryError
    })
}

impl Directory for StoreDirectory {
    fn session(&self, tenant: TenantId, digest: Digest) -> Answer<'_, Option<SessionGrant>> {
        Box::pin(async move { answer(self.find_session(tenant, digest).await) })
    }
    fn person(&self, user: UserId, digest: Digest) -> Answer<'_, Option<PersonGrant>> {
        Box::pin(async move { answer(self.find_person(user, digest).await) })
    }
    fn member(
        &self,
        tenant: TenantId,
        user: UserId,
        provider: ProviderId,
    ) -> Answer<'_, Option<MemberGrant>> {
        Box::pin(async move { answer(self.find_member(tenant, user, provider).await) })
    }
    fn token(&self, digest: Digest) -> Answer<'_, Option<OperatorGrant>> {
        Box::pin(async move { answer(self.find_token(digest).await) })
    }
    fn key(&self, digest: Digest) -> Answer<'_, Option<KeyGrant>> {
        Box::pin(async move { answer(self.find_key(digest).await) })
    }
    fn grant(&self, tenant: TenantId, grant: GrantId) -> Answer<'_, Option<StandingGrant>> {
        Box::pin(async move { answer(self.find_grant(tenant, grant).await) })
    }
    fn cut_short(&self, tenant: Option<TenantId>) -> Answer<'_, Vec<CutShort>> {
        Box::pin(async move { answer(self.find_cut_short(tenant).await) })
    }
    fn these(&self, ids: Vec<TenantId>) -> Answer<'_, Vec<TenantRecord>> {
        Box::pin(async move { answer(self.find_these(&ids).await) })
    }
    fn tenants(&self, after: Option<TenantId>, limit: u32) -> Answer<'_, Vec<TenantRecord>> {
        let this = self.clone();
        Box::pin(async move {
            // A task of its own: whoever asked takes in the batch before while this one is read.
            let found = tokio::spawn(async move { answer(this.find_tenants(after, limit).await) });
            found.await.unwrap_or_else(|error| {
                tracing::error!(%error, "the directory was not read to its end: {error}");
                Err(DirectoryError)
            })
        })
    }
    fn claim(&self, class: &'static str) -> Answer<'_, Option<ClaimedJob>> {
        Box::pin(async move { answer(self.store.claim_job(class).await) })
    }
    fn note_assumption<'a>(
        &'a self,
        by: &'a OperatorPermit<AssumeTenant>,
        tenant: TenantId,
        reason: &'a str,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let noted = self.store.operate(by, async |tx| {
                let why = serde_json::json!({ "reason": reason });
                tx.changed_tenant(tenant, Change::new(tenant, serde_json::Value::Null, why));
                Ok(())
            });
            answer(noted.await)
        })
    }
}
