//! Hostnames' rows.

use super::OwnHostname;
use domain::{Hostname, TenantId};
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for OwnHostname {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(OwnHostname { host: row.parse("host")?, since: row.moment("created_at")? })
    }
}

struct OwnerRow(TenantId);

impl FromRow for OwnerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("tenant").map(OwnerRow)
    }
}

pub(crate) async fn owner(tx: &mut OperatorRead, host: &Hostname) -> Result<Option<TenantId>, StoreError> {
    let sql = operator_sql!("SELECT tenant FROM hostname WHERE host = $1");
    Ok(tx.row::<OwnerRow>(sql, values![host]).await?.map(|row| row.0))
}

pub(crate) async fn of(tx: &mut OperatorRead, tenant: TenantId) -> Result<Vec<OwnHostname>, StoreError> {
    let sql = operator_sql!("SELECT host, created_at FROM hostname WHERE tenant = $1 ORDER BY host");
    tx.rows(sql, values![tenant]).await
}

pub(crate) async fn add(tx: &mut OperatorWrite, tenant: TenantId, host: &Hostname) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!("INSERT INTO hostname (host, tenant, created_at) VALUES ($1, $2, $3)");
    tx.run(sql, values![host, tenant, now]).await.map(drop)
}

/// Gives whether the tenant had it.
pub(crate) async fn remove(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    host: &Hostname,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("DELETE FROM hostname WHERE tenant = $1 AND host = $2");
    Ok(tx.run(sql, values![tenant, host]).await? == 1)
}
