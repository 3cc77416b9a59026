//! Issuers' rows.

use super::Issuer;
use domain::{Digest, IssuerId, IssuerRules, TenantId};
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Issuer {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Issuer {
            id: row.parse("id")?,
            rules: row.json("body")?,
            users: row.int("users")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// One entry of a table of users.
pub(super) struct Entry {
    pub(super) issuer: IssuerId,
    pub(super) digest: Digest,
    pub(super) tenant: TenantId,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Entry {
            issuer: row.parse("issuer_id")?,
            digest: row.digest("digest")?,
            tenant: row.parse("at_tenant")?,
        })
    }
}

pub(super) async fn find(tx: &mut OperatorRead, id: IssuerId) -> Result<Option<Issuer>, StoreError> {
    let sql = operator_sql!(
        "SELECT i.id, i.body, i.changed_at,
           (SELECT COUNT(*) FROM token_user u WHERE u.issuer_id = i.id) AS users
         FROM token_issuer i WHERE i.id = $1"
    );
    tx.row(sql, values![id]).await
}

/// Installations have few issuers; all of them are one page.
pub(super) async fn all(tx: &mut OperatorRead) -> Result<Vec<Issuer>, StoreError> {
    let sql = operator_sql!(
        "SELECT i.id, i.body, i.changed_at,
           (SELECT COUNT(*) FROM token_user u WHERE u.issuer_id = i.id) AS users
         FROM token_issuer i ORDER BY i.issuer"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn users(tx: &mut OperatorRead) -> Result<Vec<Entry>, StoreError> {
    let sql = operator_sql!(
        "SELECT issuer_id, digest, at_tenant FROM token_user ORDER BY issuer_id, digest, at_tenant"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn count(tx: &mut OperatorRead) -> Result<i64, StoreError> {
    tx.number(operator_sql!("SELECT COUNT(*) AS n FROM token_issuer"), values![]).await
}

/// Whether another issuer has this name.
pub(super) async fn is_taken(tx: &mut OperatorRead, id: IssuerId, issuer: &str) -> Result<bool, StoreError> {
    let sql = operator_sql!("SELECT COUNT(*) AS n FROM token_issuer WHERE issuer = $1 AND id <> $2");
    Ok(tx.number(sql, values![issuer, id]).await? > 0)
}

pub(super) async fn put(tx: &mut OperatorWrite, id: IssuerId, rules: &IssuerRules) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO token_issuer (id, issuer, body, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET issuer = excluded.issuer, body = excluded.body,
         changed_at = excluded.changed_at"
    );
    let now = tx.now();
    tx.run(sql, values![id, &rules.issuer, &json!(rules), now]).await.map(drop)
}

pub(super) async fn remove(tx: &mut OperatorWrite, id: IssuerId) -> Result<(), StoreError> {
    tx.run(operator_sql!("DELETE FROM token_user WHERE issuer_id = $1"), values![id]).await?;
    tx.run(operator_sql!("DELETE FROM token_issuer WHERE id = $1"), values![id]).await.map(drop)
}

/// Whether the user was not assigned to that tenant before.
pub(super) async fn assign(
    tx: &mut OperatorWrite,
    id: IssuerId,
    digest: Digest,
    tenant: TenantId,
) -> Result<bool, StoreError> {
    let sql = operator_sql!(
        "INSERT INTO token_user (issuer_id, digest, at_tenant, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (issuer_id, digest, at_tenant) DO NOTHING"
    );
    let now = tx.now();
    Ok(tx.run(sql, values![id, digest, tenant, now]).await? == 1)
}

/// Whether the user was assigned to that tenant before.
pub(super) async fn unassign(
    tx: &mut OperatorWrite,
    id: IssuerId,
    digest: Digest,
    tenant: TenantId,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("DELETE FROM token_user WHERE issuer_id = $1 AND digest = $2 AND at_tenant = $3");
    Ok(tx.run(sql, values![id, digest, tenant]).await? == 1)
}
