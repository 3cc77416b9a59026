//! Subscribers in the database.

use super::Subscriber;
use domain::{Cursor, SubscriberId};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Subscriber {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Subscriber {
            id: row.parse("id")?,
            name: row.parse("name")?,
            contact: row.parse("contact")?,
            created_at: row.moment("created_at")?,
        })
    }
}

pub(super) async fn list(tx: &mut TenantRead, cursor: &Cursor) -> Result<Vec<Subscriber>, StoreError> {
    let sql = sql!(
        "SELECT id, name, contact, created_at FROM subscriber WHERE tenant_id = $1 AND id > $2
         ORDER BY id LIMIT $3"
    );
    tx.rows(sql, values![&cursor.after, cursor.limit + 1]).await
}

pub(crate) async fn find(tx: &mut TenantRead, id: SubscriberId) -> Result<Option<Subscriber>, StoreError> {
    let sql = sql!("SELECT id, name, contact, created_at FROM subscriber WHERE tenant_id = $1 AND id = $2");
    tx.row(sql, values![id]).await
}

pub(super) async fn count(tx: &mut TenantRead) -> Result<i64, StoreError> {
    tx.number(sql!("SELECT COUNT(*) AS n FROM subscriber WHERE tenant_id = $1"), &[]).await
}

pub(super) async fn add(tx: &mut TenantWrite, new: &Subscriber) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO subscriber (tenant_id, id, name, contact, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $5)"
    );
    let values = values![new.id, &new.name, new.contact.to_string(), new.created_at];
    tx.run(sql, values).await.map(drop)
}
