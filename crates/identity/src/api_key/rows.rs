//! Keys in the database: everything but themselves.

use super::{ApiKey, EarlyEnd, life::Life};
use domain::{ApiKeyId, Cursor, Moment, SubscriberId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for ApiKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let used_at = row.moment("used_at")?;
        Ok(ApiKey {
            id: row.parse("id")?,
            subscriber: row.parse("subscriber_id")?,
            subscriber_name: row.parse("subscriber_name")?,
            kind: row.parse("kind")?,
            name: row.parse("name")?,
            scopes: row.words("scopes")?,
            networks: row.words("networks")?,
            created_by: row.text("created_by")?,
            created_at: row.moment("created_at")?,
            ends_at: row.moment("ends_at")?,
            end: EarlyEnd::of(&row.text("ended_because")?),
            used_at: (used_at != Moment::NEVER).then_some(used_at),
            replaces: row.text("replaces")?.parse().ok(),
            digest: row.digest("digest")?,
            said: row.moment("signed_until")?,
            idle: row.span("idle")?,
        })
    }
}

/// What the tenant says about its keys' time, in days; 0 is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    pub(super) days: u64,
    pub(super) unused_days: u64,
}

impl FromRow for Rules {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let days = |column: &str| row.int(column).map(|days| days.max(0).unsigned_abs());
        Ok(Rules { days: days("key_days")?, unused_days: days("key_unused_days")? })
    }
}

pub(super) async fn rules(tx: &mut TenantRead) -> Result<Rules, StoreError> {
    let sql = sql!("SELECT key_days, key_unused_days FROM tenant_setting WHERE tenant_id = $1");
    Ok(tx.row(sql, &[]).await?.unwrap_or_default())
}

/// Keys, the newest first; one more than the page holds.
pub(super) async fn list(
    tx: &mut TenantRead,
    subscriber: Option<SubscriberId>,
    cursor: &Cursor,
) -> Result<Vec<ApiKey>, StoreError> {
    let subscriber = subscriber.map(|id| id.to_string()).unwrap_or_default();
    let sql = sql!(
        "SELECT k.id, k.subscriber_id, s.name AS subscriber_name, k.kind, k.name, k.digest, k.scopes, k.networks,
           k.created_by, k.created_at, k.signed_until, k.ends_at, k.ended_because, k.used_at, k.idle, k.replaces
         FROM api_key k JOIN subscriber s ON s.tenant_id = $1 AND s.id = k.subscriber_id
         WHERE k.tenant_id = $1 AND ($2 = '' OR k.id < $2) AND ($3 = '' OR k.subscriber_id = $3)
         ORDER BY k.id DESC LIMIT $4"
    );
    tx.rows(sql, values![&cursor.after, subscriber, cursor.limit + 1]).await
}

pub(super) async fn find(tx: &mut TenantRead, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = sql!(
        "SELECT k.id, k.subscriber_id, s.name AS subscriber_name, k.kind, k.name, k.digest, k.scopes, k.networks,
           k.created_by, k.created_at, k.signed_until, k.ends_at, k.ended_because, k.used_at, k.idle, k.replaces
         FROM api_key k JOIN subscriber s ON s.tenant_id = $1 AND s.id = k.subscriber_id
         WHERE k.tenant_id = $1 AND k.id = $2"
    );
    tx.row(sql, values![id]).await
}

/// How many keys work and are not being replaced.
pub(super) async fn count_live(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM api_key WHERE tenant_id = $1 AND ended_because = '' AND ends_at > $2"
    );
    tx.number(sql, values![now]).await
}

pub(super) async fn add(tx: &mut TenantWrite, key: &ApiKey, life: Life) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO api_key (tenant_id, id, subscriber_id, kind, name, digest, scopes, networks, created_by,
           created_at, signed_until, ends_at, ended_because, warn_at, used_at, idle, idle_ends, replaces)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', $13, 0, $14, $15, $16)"
    );
    let replaces = key.replaces.map(|id| id.to_string()).unwrap_or_default();
    let values = values![
        key.id,
        key.subscriber,
        key.kind.name(),
        &key.name,
        key.digest,
        words(&key.scopes),
        words(&key.networks),
        &key.created_by,
        key.created_at,
        key.said,
        key.ends_at,
        life.warn,
        key.idle,
        life.idle_ends(key.created_at),
        replaces,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Writes down that a key ends early. Nobody need be warned of that.
pub(super) async fn end(tx: &mut TenantWrite, key: &ApiKey) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE api_key SET ends_at = $3, ended_because = $4, warn_at = 0 WHERE tenant_id = $1 AND id = $2"
    );
    let because = key.end.map(EarlyEnd::name).unwrap_or_default();
    tx.run(sql, values![key.id, key.ends_at, because]).await.map(drop)
}

fn words(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
