//! Connections in the database.

use super::{ClientId, ClientSecret, Connection, Stage};
use crate::sign_in::connection::secret_purpose;
use domain::{ConnectionId, Moment, ProviderId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Connection {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Connection {
            id: row.parse("id")?,
            provider: row.parse("provider_id")?,
            kind: row.parse("kind")?,
            name: row.parse("name")?,
            issuer: row.text("issuer")?,
            client_id: row.parse::<ClientId>("client_id")?,
            has_secret: !row.sealed("client_secret")?.as_str().is_empty(),
            settings: row.json("settings")?,
            stage: Stage::of(row.parse("standing")?, row.moment("tested_at")?),
            created_at: row.moment("created_at")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// All of the tenant's connections, the oldest first. A plan bounds their number.
pub(crate) async fn all(tx: &mut TenantRead) -> Result<Vec<Connection>, StoreError> {
    let sql = sql!(
        "SELECT id, provider_id, kind, name, standing, issuer, client_id, client_secret, settings, tested_at, created_at,
           changed_at
         FROM connection WHERE tenant_id = $1 ORDER BY id LIMIT 1000"
    );
    tx.rows(sql, &[]).await
}

pub(crate) async fn find(tx: &mut TenantRead, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    let sql = sql!(
        "SELECT id, provider_id, kind, name, standing, issuer, client_id, client_secret, settings, tested_at, created_at,
           changed_at
         FROM connection WHERE tenant_id = $1 AND id = $2"
    );
    tx.row(sql, values![id]).await
}

pub(crate) async fn count(tx: &mut TenantRead) -> Result<i64, StoreError> {
    tx.number(sql!("SELECT COUNT(*) AS n FROM connection WHERE tenant_id = $1"), &[]).await
}

/// How many active connections there are besides this one; with a provider, only those to it.
pub(crate) async fn other_active(
    tx: &mut TenantRead,
    id: ConnectionId,
    provider: Option<ProviderId>,
) -> Result<i64, StoreError> {
    let provider = provider.map(|provider| provider.to_string()).unwrap_or_default();
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM connection
         WHERE tenant_id = $1 AND standing = 'active' AND id <> $2 AND ($3 = '' OR provider_id = $3)"
    );
    tx.number(sql, values![id, provider]).await
}

pub(crate) async fn add(tx: &mut TenantWrite, connection: &Connection) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO connection (tenant_id, id, provider_id, name, standing, issuer, client_id, client_secret, settings,
         tested_at, created_at, changed_at, kind) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $11, $12)"
    );
    let values = values![
        connection.id,
        connection.provider,
        &connection.name,
        connection.stage.standing().name(),
        &connection.issuer,
        connection.client_id.to_string(),
        settings(connection)?,
        connection.stage.tested().unwrap_or(Moment::NEVER),
        connection.created_at,
        connection.changed_at,
        connection.kind.name(),
    ];
    tx.run(sql, values).await.map(drop)
}

/// Puts everything but the secret.
pub(crate) async fn put(tx: &mut TenantWrite, connection: &Connection) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!(
        "UPDATE connection SET name = $3, standing = $4, client_id = $5, settings = $6, tested_at = $7, changed_at = $8
         WHERE tenant_id = $1 AND id = $2"
    );
    let values = values![
        connection.id,
        &connection.name,
        connection.stage.standing().name(),
        connection.client_id.to_string(),
        settings(connection)?,
        connection.stage.tested().unwrap_or(Moment::NEVER),
        now,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Puts the secret, sealed for its place, or takes it away.
pub(crate) async fn put_secret(
    tx: &mut TenantWrite,
    id: ConnectionId,
    secret: Option<&ClientSecret>,
) -> Result<(), StoreError> {
    let sealed = secret.map(|secret| tx.seal(&secret_purpose(id), secret.reveal().as_bytes()));
    let sealed = sealed.as_ref().map(domain::Sealed::as_str).unwrap_or_default();
    let sql = sql!("UPDATE connection SET client_secret = $3 WHERE tenant_id = $1 AND id = $2");
    tx.run(sql, values![id, sealed]).await.map(drop)
}

/// Ends what is under way by a connection: sessions at the tenant's hosts, and hand-overs to them.
pub(crate) async fn end_sessions(tx: &mut TenantWrite, id: ConnectionId) -> Result<u64, StoreError> {
    tx.run(sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND connection_id = $2"), values![id]).await?;
    tx.run(sql!("DELETE FROM session WHERE tenant_id = $1 AND connection_id = $2"), values![id]).await
}

pub(crate) async fn remove(tx: &mut TenantWrite, id: ConnectionId) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM connection WHERE tenant_id = $1 AND id = $2"), values![id]).await.map(drop)
}

fn settings(connection: &Connection) -> Result<String, StoreError> {
    serde_json::to_string(&connection.settings)
        .map_err(|why| StoreError::Unreadable { column: "settings".into(), why: why.to_string() })
}
