//! Providers and their shares in the database.

use super::{Kind, Ownership, Provider, Published, Share};
use domain::{Cursor, DisplayName, Moment, ProviderId, TenantId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Provider {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Provider {
            id: row.parse("id")?,
            name: row.parse("name")?,
            kind: row.parse("kind")?,
            issuer: row.text("issuer")?,
            published: Published::of(row)?,
            ownership: Ownership::Own { shares: row.int("shares")?, since: row.moment("created_at")? },
        })
    }
}

impl FromRow for Share {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Share { with: row.parse("with_tenant")?, since: row.moment("created_at")? })
    }
}

/// The tenant's own providers, the oldest first.
pub(crate) async fn own(tx: &mut TenantRead) -> Result<Vec<Provider>, StoreError> {
    let sql = sql!(
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at, p.metadata, p.metadata_url, p.metadata_at,
           p.metadata_due_at, p.metadata_failures, p.metadata_fault,
           (SELECT COUNT(*) FROM provider_share s WHERE s.tenant_id = $1 AND s.provider_id = p.id) AS shares
         FROM provider p WHERE p.tenant_id = $1 ORDER BY p.id LIMIT 200"
    );
    tx.rows(sql, &[]).await
}

/// One of the tenant's own.
pub(crate) async fn find(tx: &mut TenantRead, id: ProviderId) -> Result<Option<Provider>, StoreError> {
    let sql = sql!(
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at, p.metadata, p.metadata_url, p.metadata_at,
           p.metadata_due_at, p.metadata_failures, p.metadata_fault,
           (SELECT COUNT(*) FROM provider_share s WHERE s.tenant_id = $1 AND s.provider_id = p.id) AS shares
         FROM provider p WHERE p.tenant_id = $1 AND p.id = $2"
    );
    tx.row(sql, values![id]).await
}

pub(crate) async fn is_own(tx: &mut TenantRead, id: ProviderId) -> Result<bool, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM provider WHERE tenant_id = $1 AND id = $2");
    Ok(tx.number(sql, values![id]).await? > 0)
}

/// The tenant's own provider with this issuer.
pub(crate) async fn by_issuer(tx: &mut TenantRead, issuer: &str) -> Result<Option<Provider>, StoreError> {
    let sql = sql!(
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at, p.metadata, p.metadata_url, p.metadata_at,
           p.metadata_due_at, p.metadata_failures, p.metadata_fault,
           (SELECT COUNT(*) FROM provider_share s WHERE s.tenant_id = $1 AND s.provider_id = p.id) AS shares
         FROM provider p WHERE p.tenant_id = $1 AND p.issuer = $2"
    );
    tx.row(sql, values![issuer]).await
}

pub(crate) async fn count(tx: &mut TenantRead) -> Result<i64, StoreError> {
    tx.number(sql!("SELECT COUNT(*) AS n FROM provider WHERE tenant_id = $1"), &[]).await
}

pub(crate) async fn add(
    tx: &mut TenantWrite,
    id: ProviderId,
    name: &DisplayName,
    kind: Kind,
    issuer: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO provider (tenant_id, id, name, kind, issuer, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
    );
    tx.run(sql, values![id, name, kind.name(), issuer, now]).await.map(drop)
}

/// Those that may connect to a provider, in the order of their ids; one more than the page holds.
pub(crate) async fn shares(
    tx: &mut TenantRead,
    id: ProviderId,
    cursor: &Cursor,
) -> Result<Vec<Share>, StoreError> {
    let sql = sql!(
        "SELECT with_tenant, created_at FROM provider_share
         WHERE tenant_id = $1 AND provider_id = $2 AND with_tenant > $3 ORDER BY with_tenant LIMIT $4"
    );
    tx.rows(sql, values![id, &cursor.after, cursor.limit + 1]).await
}

/// Whether there was no such share yet.
pub(crate) async fn add_share(
    tx: &mut TenantWrite,
    id: ProviderId,
    with: TenantId,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO provider_share (tenant_id, provider_id, with_tenant, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, provider_id, with_tenant) DO NOTHING"
    );
    Ok(tx.run(sql, values![id, with, now]).await? == 1)
}

/// Whether there was such a share.
pub(crate) async fn remove_share(
    tx: &mut TenantWrite,
    id: ProviderId,
    with: TenantId,
) -> Result<bool, StoreError> {
    let sql =
        sql!("DELETE FROM provider_share WHERE tenant_id = $1 AND provider_id = $2 AND with_tenant = $3");
    Ok(tx.run(sql, values![id, with]).await? == 1)
}

/// Keeps what a provider published, and how the look at it went.
pub(crate) async fn put_published(
    tx: &mut TenantWrite,
    id: ProviderId,
    published: &Published,
) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE provider SET metadata = $3, metadata_url = $4, metadata_at = $5, metadata_due_at = $6,
           metadata_failures = $7, metadata_fault = $8 WHERE tenant_id = $1 AND id = $2"
    );
    let values = values![
        id,
        published.text(),
        published.url.as_str(),
        published.read_at,
        published.due_at,
        published.failures,
        published.fault.as_str(),
    ];
    tx.run(sql, values).await.map(drop)
}

/// Lets the metadata be fetched at `due` where it would be fetched later, and was not fetched since `since`.
pub(crate) async fn hurry(
    tx: &mut TenantWrite,
    id: ProviderId,
    since: Moment,
    due: Moment,
) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE provider SET metadata_due_at = $4
         WHERE tenant_id = $1 AND id = $2 AND metadata_due_at > $4 AND metadata_at < $3"
    );
    tx.run(sql, values![id, since, due]).await.map(drop)
}

/// Takes a turn at a provider that was due at `due`; of several nodes that try, one does.
pub(super) async fn take_turn(
    tx: &mut TenantWrite,
    id: ProviderId,
    due: Moment,
    next: Moment,
) -> Result<bool, StoreError> {
    let sql = sql!(
        "UPDATE provider SET metadata_due_at = $4 WHERE tenant_id = $1 AND id = $2 AND metadata_due_at = $3"
    );
    Ok(tx.run(sql, values![id, due, next]).await? == 1)
}
