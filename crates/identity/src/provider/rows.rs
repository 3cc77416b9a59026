//! Providers and their shares in the database.

use super::{Kind, Ownership, Provider, Share};
use domain::{Cursor, DisplayName, ProviderId, TenantId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Provider {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Provider {
            id: row.parse("id")?,
            name: row.parse("name")?,
            kind: row.parse("kind")?,
            issuer: row.text("issuer")?,
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
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at,
           (SELECT COUNT(*) FROM provider_share s WHERE s.tenant_id = $1 AND s.provider_id = p.id) AS shares
         FROM provider p WHERE p.tenant_id = $1 ORDER BY p.id LIMIT 200"
    );
    tx.rows(sql, &[]).await
}

/// One of the tenant's own.
pub(crate) async fn find(tx: &mut TenantRead, id: ProviderId) -> Result<Option<Provider>, StoreError> {
    let sql = sql!(
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at,
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
        "SELECT p.id, p.name, p.kind, p.issuer, p.created_at,
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
