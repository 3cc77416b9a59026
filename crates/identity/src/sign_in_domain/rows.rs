//! Sign-in domains in the database. A binding to a domain that is not proved is none.

use super::{SignInDomain, Way};
use domain::{ConnectionId, Hostname, ProviderId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for SignInDomain {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let bound = !row.text("connection_id")?.is_empty();
        let way = match bound {
            true => Some(Way {
                connection: row.parse("connection_id")?,
                provider: row.parse("provider_id")?,
                name: row.text("name")?,
                is_only: row.flag("only_way")?,
            }),
            false => None,
        };
        Ok(SignInDomain { domain: row.parse("host")?, way })
    }
}

/// The domains that the tenant has proved, by name.
pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<SignInDomain>, StoreError> {
    let sql = sql!(
        "SELECT k.host, COALESCE(c.id, '') AS connection_id, COALESCE(c.provider_id, '') AS provider_id,
           COALESCE(c.name, '') AS name, COALESCE(d.only_way, 0) AS only_way
         FROM domain_claim k
         LEFT JOIN sign_in_domain d ON d.tenant_id = $1 AND d.domain = k.host
         LEFT JOIN connection c ON c.tenant_id = $1 AND c.id = d.connection_id
         WHERE k.tenant_id = $1 AND k.standing IN ('active', 'warned') ORDER BY k.host LIMIT 500"
    );
    tx.rows(sql, &[]).await
}

/// One of them.
pub(crate) async fn find(tx: &mut TenantRead, domain: &Hostname) -> Result<Option<SignInDomain>, StoreError> {
    let sql = sql!(
        "SELECT k.host, COALESCE(c.id, '') AS connection_id, COALESCE(c.provider_id, '') AS provider_id,
           COALESCE(c.name, '') AS name, COALESCE(d.only_way, 0) AS only_way
         FROM domain_claim k
         LEFT JOIN sign_in_domain d ON d.tenant_id = $1 AND d.domain = k.host
         LEFT JOIN connection c ON c.tenant_id = $1 AND c.id = d.connection_id
         WHERE k.tenant_id = $1 AND k.host = $2 AND k.standing IN ('active', 'warned')"
    );
    tx.row(sql, values![domain]).await
}

pub(super) async fn put(
    tx: &mut TenantWrite,
    domain: &Hostname,
    connection: ConnectionId,
    is_only: bool,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO sign_in_domain (tenant_id, domain, connection_id, only_way, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, domain) DO UPDATE SET connection_id = excluded.connection_id,
           only_way = excluded.only_way, changed_at = excluded.changed_at"
    );
    tx.run(sql, values![domain, connection, i64::from(is_only), now]).await.map(drop)
}

/// Gives whether something was bound to it.
pub(super) async fn remove(tx: &mut TenantWrite, domain: &Hostname) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM sign_in_domain WHERE tenant_id = $1 AND domain = $2");
    Ok(tx.run(sql, values![domain]).await? == 1)
}

/// Unbinds everything from a connection that goes.
pub(crate) async fn forget(tx: &mut TenantWrite, connection: ConnectionId) -> Result<(), StoreError> {
    let sql = sql!("DELETE FROM sign_in_domain WHERE tenant_id = $1 AND connection_id = $2");
    tx.run(sql, values![connection]).await.map(drop)
}

/// Ends the sessions of everybody who came by another provider.
pub(super) async fn end_other_sessions(tx: &mut TenantWrite, provider: ProviderId) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND provider_id <> $2"), values![provider])
        .await?;
    tx.run(sql!("DELETE FROM session WHERE tenant_id = $1 AND provider_id <> $2"), values![provider])
        .await
        .map(drop)
}
