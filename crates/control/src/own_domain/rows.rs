//! Claims' rows.

use super::{OwnDomain, Proof, Serves};
use domain::{Hostname, Moment, TenantId};
use store::{
    FromRow, OperatorRead, OperatorWrite, Row, StoreError, TenantRead, TenantWrite, operator_sql, sql, values,
};

impl FromRow for OwnDomain {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let proof = row.text("proof")?;
        Ok(OwnDomain {
            host: row.parse("host")?,
            serves: if row.flag("serves_requests")? { Serves::Requests } else { Serves::People },
            token: row.text("token")?,
            standing: row.parse("standing")?,
            proof: Proof::named(&proof),
            fault: row.text("fault")?,
            created_at: row.moment("created_at")?,
            checked_at: row.moment("checked_at")?,
            proved_at: row.moment("proved_at")?,
            lost_at: row.moment("lost_at")?,
            due_at: row.moment("due_at")?,
        })
    }
}

pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<OwnDomain>, StoreError> {
    let sql = sql!(
        "SELECT host, serves_requests, token, standing, proof, fault, created_at, checked_at, proved_at, lost_at, due_at
         FROM domain_claim WHERE tenant_id = $1 ORDER BY host"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn find(tx: &mut TenantRead, host: &Hostname) -> Result<Option<OwnDomain>, StoreError> {
    let sql = sql!(
        "SELECT host, serves_requests, token, standing, proof, fault, created_at, checked_at, proved_at, lost_at, due_at
         FROM domain_claim WHERE tenant_id = $1 AND host = $2"
    );
    tx.row(sql, values![host]).await
}

pub(super) async fn count_pending(tx: &mut TenantRead) -> Result<u64, StoreError> {
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM domain_claim WHERE tenant_id = $1 AND standing IN ('pending', 'inactive')"
    );
    tx.number(sql, values![]).await.map(|count| count.max(0).unsigned_abs())
}

pub(super) async fn add(tx: &mut TenantWrite, claim: &OwnDomain) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO domain_claim (tenant_id, host, token, standing, proof, fault, created_at, checked_at,
           proved_at, lost_at, due_at, serves_requests) VALUES ($1, $2, $3, $4, '', '', $5, 0, 0, 0, $6, $7)"
    );
    let values = values![
        &claim.host,
        claim.token.as_str(),
        claim.standing.name(),
        claim.created_at,
        claim.due_at,
        i64::from(claim.serves == Serves::Requests),
    ];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn put(tx: &mut TenantWrite, claim: &OwnDomain) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE domain_claim SET standing = $3, proof = $4, fault = $5, checked_at = $6, proved_at = $7,
           lost_at = $8, due_at = $9
         WHERE tenant_id = $1 AND host = $2"
    );
    let values = values![
        &claim.host,
        claim.standing.name(),
        claim.proof.map_or("", Proof::name),
        claim.fault.as_str(),
        claim.checked_at,
        claim.proved_at,
        claim.lost_at,
        claim.due_at,
    ];
    tx.run(sql, values).await.map(drop)
}

/// Gives whether it was there.
pub(super) async fn remove(tx: &mut TenantWrite, host: &Hostname) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM domain_claim WHERE tenant_id = $1 AND host = $2");
    Ok(tx.run(sql, values![host]).await? == 1)
}

/// Takes a turn at a claim that was due at `due`; of several nodes that try, one does.
pub(super) async fn take_turn(
    tx: &mut TenantWrite,
    host: &Hostname,
    due: Moment,
    next: Moment,
) -> Result<bool, StoreError> {
    let sql = sql!("UPDATE domain_claim SET due_at = $4 WHERE tenant_id = $1 AND host = $2 AND due_at = $3");
    Ok(tx.run(sql, values![host, due, next]).await? == 1)
}

/// A claim that something is to be done about.
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// The name.
    pub host: Hostname,
    /// Since when.
    pub at: Moment,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Due { tenant: row.parse("tenant_id")?, host: row.parse("host")?, at: row.moment("due_at")? })
    }
}

pub(super) async fn due(tx: &mut OperatorRead, most: u32) -> Result<Vec<Due>, StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "SELECT tenant_id, host, due_at FROM domain_claim WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
    );
    tx.rows(sql, values![now, most]).await
}

struct Owner(TenantId);

impl FromRow for Owner {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("tenant").map(Owner)
    }
}

/// Who has proved a domain.
pub(super) async fn owner(tx: &mut OperatorRead, domain: &Hostname) -> Result<Option<TenantId>, StoreError> {
    let sql = operator_sql!("SELECT tenant FROM people_domain WHERE domain = $1");
    Ok(tx.row::<Owner>(sql, values![domain]).await?.map(|row| row.0))
}

pub(super) async fn hold(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    domain: &Hostname,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "INSERT INTO people_domain (domain, tenant, created_at) VALUES ($1, $2, $3) ON CONFLICT (domain) DO NOTHING"
    );
    tx.run(sql, values![domain, tenant, now]).await.map(drop)
}

/// Gives whether the tenant had it.
pub(super) async fn let_go(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    domain: &Hostname,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("DELETE FROM people_domain WHERE tenant = $1 AND domain = $2");
    Ok(tx.run(sql, values![tenant, domain]).await? == 1)
}
