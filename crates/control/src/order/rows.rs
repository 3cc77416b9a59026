//! Orders' rows.

use super::{Asked, Order};
use domain::{Hostname, JobId, Moment, Sealed, TenantId};
use store::{
    FromRow, OperatorRead, OperatorWrite, Row, StoreError, TenantRead, TenantWrite, operator_sql, sql, values,
};

impl FromRow for Order {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Order {
            host: row.parse("host")?,
            standing: row.parse("standing")?,
            fault: row.text("fault")?,
            tries: row.int("tries")?,
            asked_at: row.moment("ordered_at")?,
            due_at: row.moment("due_at")?,
            job: row.text("job")?,
        })
    }
}

pub(super) async fn find(tx: &mut TenantRead, host: &Hostname) -> Result<Option<Order>, StoreError> {
    let sql = sql!(
        "SELECT host, standing, fault, tries, ordered_at, due_at, job FROM certificate_order WHERE tenant_id = $1 AND host = $2"
    );
    tx.row(sql, values![host]).await
}

pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<Order>, StoreError> {
    let sql = sql!(
        "SELECT host, standing, fault, tries, ordered_at, due_at, job FROM certificate_order
         WHERE tenant_id = $1 AND standing <> 'idle'"
    );
    tx.rows(sql, values![]).await
}

/// Begins an order where there is none; gives whether there was none.
pub(super) async fn begin(tx: &mut TenantWrite, host: &Hostname) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO certificate_order (tenant_id, host, standing, fault, tries, token, answer, job, ordered_at, due_at)
         VALUES ($1, $2, 'waiting', '', 0, '', '', '', 0, $3)
         ON CONFLICT (tenant_id, host) DO UPDATE SET standing = 'waiting', fault = '', tries = 0, due_at = excluded.due_at
         WHERE certificate_order.standing = 'idle'"
    );
    Ok(tx.run(sql, values![host, now]).await? == 1)
}

/// From now on this job acts on the order.
pub(super) async fn give_to(tx: &mut TenantWrite, host: &Hostname, job: JobId) -> Result<(), StoreError> {
    let sql = sql!("UPDATE certificate_order SET job = $3 WHERE tenant_id = $1 AND host = $2");
    tx.run(sql, values![host, job]).await.map(drop)
}

/// The authority is asked now.
pub(super) async fn note_asking(tx: &mut TenantWrite, host: &Hostname) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!("UPDATE certificate_order SET ordered_at = $3 WHERE tenant_id = $1 AND host = $2");
    tx.run(sql, values![host, now]).await.map(drop)
}

/// How often the authority was asked for this tenant's names since then.
pub(super) async fn asked_since(tx: &mut TenantRead, since: Moment) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM certificate_order WHERE tenant_id = $1 AND ordered_at > $2");
    tx.number(sql, values![since]).await
}

pub(super) async fn show(tx: &mut TenantWrite, host: &Hostname, asked: &Asked) -> Result<(), StoreError> {
    let sql = sql!("UPDATE certificate_order SET token = $3, answer = $4 WHERE tenant_id = $1 AND host = $2");
    tx.run(sql, values![host, asked.token.as_str(), asked.answer.as_str()]).await.map(drop)
}

/// How the order stands from now on; nothing is shown any more.
pub(super) async fn settle(tx: &mut TenantWrite, order: &Order) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE certificate_order SET standing = $3, fault = $4, tries = $5, due_at = $6, token = '', answer = ''
         WHERE tenant_id = $1 AND host = $2"
    );
    let values = values![&order.host, order.standing.name(), order.fault.as_str(), order.tries, order.due_at];
    tx.run(sql, values).await.map(drop)
}

/// Nothing is ordered for the name any more.
pub(crate) async fn forget(tx: &mut TenantWrite, host: &Hostname) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE certificate_order SET standing = 'idle', fault = '', token = '', answer = '', job = ''
         WHERE tenant_id = $1 AND host = $2"
    );
    tx.run(sql, values![host]).await.map(drop)
}

/// A name without an order.
pub(super) struct Without {
    pub(super) tenant: TenantId,
    pub(super) host: Hostname,
}

impl FromRow for Without {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Without { tenant: row.parse("tenant")?, host: row.parse("host")? })
    }
}

/// Names that are mapped, have no order, and no certificate of their tenant's that is good beyond `beyond`. One that
/// was ordered for since `rested` waits.
pub(super) async fn without(
    tx: &mut OperatorRead,
    after: &str,
    beyond: Moment,
    rested: Moment,
    most: u32,
) -> Result<Vec<Without>, StoreError> {
    let sql = operator_sql!(
        "SELECT h.tenant, h.host FROM hostname h
         LEFT JOIN certificate_order o ON o.tenant_id = h.tenant AND o.host = h.host
         LEFT JOIN domain_certificate c ON c.tenant_id = h.tenant AND c.host = h.host AND c.source = 'uploaded'
         WHERE h.host > $1 AND (o.host IS NULL OR (o.standing = 'idle' AND o.ordered_at <= $3))
           AND (c.host IS NULL OR c.ends_at <= $2)
         ORDER BY h.host LIMIT $4"
    );
    tx.rows(sql, values![after, beyond, rested, most]).await
}

/// Orders that were refused, those that were tried most first.
pub(super) async fn refused(tx: &mut OperatorRead, most: u32) -> Result<Vec<Order>, StoreError> {
    let sql = operator_sql!(
        "SELECT host, standing, fault, tries, ordered_at, due_at, job FROM certificate_order
         WHERE standing = 'failed' ORDER BY tries DESC, host LIMIT $1"
    );
    tx.rows(sql, values![most]).await
}

/// What is to be shown now.
pub(super) struct Shown {
    pub(super) tenant: TenantId,
    pub(super) host: Hostname,
    pub(super) asked: Asked,
}

impl FromRow for Shown {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let asked = Asked { token: row.text("token")?, answer: row.text("answer")? };
        Ok(Shown { tenant: row.parse("tenant_id")?, host: row.parse("host")?, asked })
    }
}

pub(super) async fn shown(tx: &mut OperatorRead) -> Result<Vec<Shown>, StoreError> {
    let sql = operator_sql!("SELECT tenant_id, host, token, answer FROM certificate_order WHERE token <> ''");
    tx.rows(sql, values![]).await
}

pub(super) async fn shown_of(tx: &mut OperatorRead, tenant: TenantId) -> Result<Vec<Shown>, StoreError> {
    let sql = operator_sql!(
        "SELECT tenant_id, host, token, answer FROM certificate_order WHERE tenant_id = $1 AND token <> ''"
    );
    tx.rows(sql, values![tenant]).await
}

/// The account at an authority.
pub(super) struct Account {
    pub(super) sealed: Sealed,
    pub(super) window_from: Moment,
    pub(super) rest_until: Moment,
}

impl FromRow for Account {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Account {
            sealed: row.sealed("sealed")?,
            window_from: row.moment("window_from")?,
            rest_until: row.moment("rest_until")?,
        })
    }
}

pub(super) async fn account(tx: &mut OperatorRead, directory: &str) -> Result<Option<Account>, StoreError> {
    let sql =
        operator_sql!("SELECT sealed, window_from, rest_until FROM authority_account WHERE directory = $1");
    tx.row(sql, values![directory]).await
}

pub(super) async fn begin_account(tx: &mut OperatorWrite, directory: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "INSERT INTO authority_account (directory, sealed, window_from, ordered, rest_until, created_at)
         VALUES ($1, '', 0, 0, 0, $2) ON CONFLICT (directory) DO NOTHING"
    );
    tx.run(sql, values![directory, now]).await.map(drop)
}

/// Keeps an account that was opened; gives whether it is the first.
pub(super) async fn keep_account(
    tx: &mut OperatorWrite,
    directory: &str,
    sealed: &Sealed,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("UPDATE authority_account SET sealed = $2 WHERE directory = $1 AND sealed = ''");
    Ok(tx.run(sql, values![directory, sealed]).await? == 1)
}

/// Counts one more order, if the hour that ends at `now` has room for one and the authority is not at rest.
pub(super) async fn count_order(
    tx: &mut OperatorWrite,
    directory: &str,
    hour_ago: Moment,
    most: u32,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "UPDATE authority_account SET
           ordered = CASE WHEN window_from <= $2 THEN 1 ELSE ordered + 1 END,
           window_from = CASE WHEN window_from <= $2 THEN $3 ELSE window_from END
         WHERE directory = $1 AND rest_until <= $3 AND (window_from <= $2 OR ordered < $4)"
    );
    Ok(tx.run(sql, values![directory, hour_ago, now, most]).await? == 1)
}

pub(super) async fn rest(tx: &mut OperatorWrite, directory: &str, until: Moment) -> Result<(), StoreError> {
    let sql = operator_sql!("UPDATE authority_account SET rest_until = $2 WHERE directory = $1");
    tx.run(sql, values![directory, until]).await.map(drop)
}
