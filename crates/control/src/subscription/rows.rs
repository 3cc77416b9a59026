//! Subscriptions' rows. One that is for everybody names no subscriber.

use super::Subscription;
use domain::{ProductName, SubscriberId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Subscription {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let subscriber = row.text("subscriber_id")?;
        Ok(Subscription {
            product: row.parse("product")?,
            subscriber: if subscriber.is_empty() { None } else { Some(row.parse("subscriber_id")?) },
            subscriber_name: row.text("subscriber_name")?,
            created_at: row.moment("created_at")?,
        })
    }
}

fn text(subscriber: Option<SubscriberId>) -> String {
    subscriber.map(|subscriber| subscriber.to_string()).unwrap_or_default()
}

pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<Subscription>, StoreError> {
    let sql = sql!(
        "SELECT s.product, s.subscriber_id, COALESCE(b.name, '') AS subscriber_name, s.created_at
         FROM subscription s LEFT JOIN subscriber b ON b.tenant_id = $1 AND b.id = s.subscriber_id
         WHERE s.tenant_id = $1 ORDER BY s.product, s.subscriber_id"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn find(
    tx: &mut TenantRead,
    product: &ProductName,
    subscriber: Option<SubscriberId>,
) -> Result<Option<Subscription>, StoreError> {
    let sql = sql!(
        "SELECT product, subscriber_id, '' AS subscriber_name, created_at FROM subscription
         WHERE tenant_id = $1 AND product = $2 AND subscriber_id = $3"
    );
    tx.row(sql, values![product, text(subscriber)]).await
}

pub(super) async fn count(tx: &mut TenantRead) -> Result<i64, StoreError> {
    tx.number(sql!("SELECT COUNT(*) AS n FROM subscription WHERE tenant_id = $1"), values![]).await
}

pub(super) async fn has_subscriber(tx: &mut TenantRead, id: SubscriberId) -> Result<bool, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM subscriber WHERE tenant_id = $1 AND id = $2");
    Ok(tx.number(sql, values![id]).await? == 1)
}

pub(super) async fn add(tx: &mut TenantWrite, new: &Subscription) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO subscription (tenant_id, product, subscriber_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, product, subscriber_id) DO NOTHING"
    );
    tx.run(sql, values![&new.product, text(new.subscriber), new.created_at]).await.map(drop)
}

/// Gives whether it was there.
pub(super) async fn remove(
    tx: &mut TenantWrite,
    product: &ProductName,
    subscriber: Option<SubscriberId>,
) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM subscription WHERE tenant_id = $1 AND product = $2 AND subscriber_id = $3");
    Ok(tx.run(sql, values![product, text(subscriber)]).await? == 1)
}
