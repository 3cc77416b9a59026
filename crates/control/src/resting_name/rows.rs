//! Names at rest.

use super::{Name, RestingName};
use domain::{Cursor, Moment, TenantId};
use std::time::Duration;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for RestingName {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(RestingName {
            name: row.parse("name")?,
            tenant: row.parse("tenant")?,
            until: row.moment("until")?,
        })
    }
}

pub(crate) async fn find(tx: &mut OperatorRead, name: &Name) -> Result<Option<RestingName>, StoreError> {
    let sql = operator_sql!("SELECT name, tenant, until FROM resting_name WHERE name = $1 AND until > $2");
    let now = tx.now();
    tx.row(sql, values![name.to_string(), now]).await
}

pub(crate) async fn list(tx: &mut OperatorRead, cursor: &Cursor) -> Result<Vec<RestingName>, StoreError> {
    let sql = operator_sql!(
        "SELECT name, tenant, until FROM resting_name WHERE until > $1 AND name > $2 ORDER BY name LIMIT $3"
    );
    let now = tx.now();
    tx.rows(sql, values![now, &cursor.after, i64::from(cursor.limit) + 1]).await
}

pub(crate) async fn remove(tx: &mut OperatorWrite, name: &Name) -> Result<(), StoreError> {
    let sql = operator_sql!("DELETE FROM resting_name WHERE name = $1");
    tx.run(sql, values![name.to_string()]).await.map(drop)
}

/// Keeps a name from everybody but `tenant` for this long.
pub(crate) async fn lay_to_rest(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    name: &Name,
    rest: Duration,
) -> Result<(), StoreError> {
    let until = tx.now() + rest;
    let sql = operator_sql!(
        "INSERT INTO resting_name (name, tenant, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET tenant = excluded.tenant, until = excluded.until"
    );
    tx.run(sql, values![name.to_string(), tenant, until]).await.map(drop)
}

/// Lets `tenant` have a name, if it does not rest for somebody else; if it does, says until when.
pub(crate) async fn wake(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    name: &Name,
) -> Result<Result<(), Moment>, StoreError> {
    match find(tx, name).await? {
        Some(resting) if resting.tenant != tenant => Ok(Err(resting.until)),
        _ => remove(tx, name).await.map(Ok),
    }
}
