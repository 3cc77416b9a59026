//! Certificates' rows.

use super::{Held, Source};
use domain::{Hostname, Moment, Sealed, Secret, TenantId};
use store::{FromRow, OperatorRead, Row, StoreError, TenantRead, TenantWrite, operator_sql, sql, values};

pub(super) struct Stored {
    pub(super) tenant: TenantId,
    pub(super) host: Hostname,
    pub(super) chain: String,
    pub(super) sealed: Sealed,
    pub(super) ends_at: Moment,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Stored {
            tenant: row.parse("tenant_id")?,
            host: row.parse("host")?,
            chain: row.text("chain")?,
            sealed: row.sealed("sealed")?,
            ends_at: row.moment("ends_at")?,
        })
    }
}

impl FromRow for Held {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Held { host: row.parse("host")?, source: row.parse("source")?, ends_at: row.moment("ends_at")? })
    }
}

/// Keeps a chain and its key, sealed, in place of those before.
pub(crate) async fn keep(
    tx: &mut TenantWrite,
    host: &Hostname,
    chain: &str,
    key: &Secret<String>,
    ends_at: Moment,
    source: Source,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sealed = tx.seal(&super::purpose(tx.tenant(), host), key.reveal().as_bytes());
    let sql = sql!(
        "INSERT INTO domain_certificate (tenant_id, host, chain, sealed, ends_at, changed_at, source)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, host) DO UPDATE SET chain = excluded.chain, sealed = excluded.sealed,
           ends_at = excluded.ends_at, changed_at = excluded.changed_at, source = excluded.source"
    );
    tx.run(sql, values![host, chain, &sealed, ends_at, now, source.name()]).await.map(drop)
}

/// What the tenant has.
pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<Held>, StoreError> {
    let sql = sql!("SELECT host, source, ends_at FROM domain_certificate WHERE tenant_id = $1");
    tx.rows(sql, values![]).await
}

/// Until when the certificate is good that the tenant itself laid down for this name, if it did.
pub(crate) async fn uploaded_until(
    tx: &mut TenantRead,
    host: &Hostname,
) -> Result<Option<Moment>, StoreError> {
    let sql = sql!(
        "SELECT host, source, ends_at FROM domain_certificate
         WHERE tenant_id = $1 AND host = $2 AND source = 'uploaded'"
    );
    Ok(tx.row::<Held>(sql, values![host]).await?.map(|held| held.ends_at))
}

/// Gives whether there was one.
pub(crate) async fn remove(tx: &mut TenantWrite, host: &Hostname) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM domain_certificate WHERE tenant_id = $1 AND host = $2");
    Ok(tx.run(sql, values![host]).await? == 1)
}

/// Those of names that are mapped, after this one.
pub(super) async fn mapped(tx: &mut OperatorRead, after: &str, most: u32) -> Result<Vec<Stored>, StoreError> {
    let sql = operator_sql!(
        "SELECT c.tenant_id, c.host, c.chain, c.sealed, c.ends_at
         FROM hostname h JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host
         WHERE h.host > $1 ORDER BY h.host LIMIT $2"
    );
    tx.rows(sql, values![after, most]).await
}

pub(super) async fn mapped_of(tx: &mut OperatorRead, tenant: TenantId) -> Result<Vec<Stored>, StoreError> {
    let sql = operator_sql!(
        "SELECT c.tenant_id, c.host, c.chain, c.sealed, c.ends_at
         FROM hostname h JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host
         WHERE h.tenant = $1"
    );
    tx.rows(sql, values![tenant]).await
}

/// Those of names that are mapped and end before this, the first end first.
pub(super) async fn ending(
    tx: &mut OperatorRead,
    before: Moment,
    most: u32,
) -> Result<Vec<Held>, StoreError> {
    let sql = operator_sql!(
        "SELECT c.host, c.source, c.ends_at
         FROM hostname h JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host
         WHERE c.ends_at < $1 ORDER BY c.ends_at LIMIT $2"
    );
    tx.rows(sql, values![before, most]).await
}
