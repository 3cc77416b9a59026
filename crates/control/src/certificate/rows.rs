//! Certificates' rows.

use domain::{Hostname, Moment, Sealed, TenantId};
use store::{FromRow, OperatorRead, Row, StoreError, TenantWrite, operator_sql, sql, values};

pub(super) struct Stored {
    pub(super) tenant: TenantId,
    pub(super) host: Hostname,
    pub(super) chain: String,
    pub(super) sealed: Sealed,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Stored {
            tenant: row.parse("tenant_id")?,
            host: row.parse("host")?,
            chain: row.text("chain")?,
            sealed: row.sealed("sealed")?,
        })
    }
}

pub(super) async fn put(
    tx: &mut TenantWrite,
    host: &Hostname,
    chain: &str,
    sealed: &Sealed,
    ends_at: Moment,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO domain_certificate (tenant_id, host, chain, sealed, ends_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, host) DO UPDATE SET chain = excluded.chain, sealed = excluded.sealed,
           ends_at = excluded.ends_at, changed_at = excluded.changed_at"
    );
    tx.run(sql, values![host, chain, sealed, ends_at, now]).await.map(drop)
}

/// Gives whether there was one.
pub(crate) async fn remove(tx: &mut TenantWrite, host: &Hostname) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM domain_certificate WHERE tenant_id = $1 AND host = $2");
    Ok(tx.run(sql, values![host]).await? == 1)
}

/// Those of names that are mapped, after this one.
pub(super) async fn mapped(tx: &mut OperatorRead, after: &str, most: u32) -> Result<Vec<Stored>, StoreError> {
    let sql = operator_sql!(
        "SELECT c.tenant_id, c.host, c.chain, c.sealed
         FROM hostname h JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host
         WHERE h.host > $1 ORDER BY h.host LIMIT $2"
    );
    tx.rows(sql, values![after, most]).await
}

pub(super) async fn mapped_of(tx: &mut OperatorRead, tenant: TenantId) -> Result<Vec<Stored>, StoreError> {
    let sql = operator_sql!(
        "SELECT c.tenant_id, c.host, c.chain, c.sealed
         FROM hostname h JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host
         WHERE h.tenant = $1"
    );
    tx.rows(sql, values![tenant]).await
}
