//! The row of a tenant's settings.

use super::Settings;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Settings {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Settings {
            published: row.flag("published")?,
            session_idle: row.span("session_idle")?,
            session_life: row.span("session_life")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

pub(super) async fn find(tx: &mut TenantRead) -> Result<Option<Settings>, StoreError> {
    let sql = sql!(
        "SELECT published, session_idle, session_life, changed_at FROM tenant_setting WHERE tenant_id = $1"
    );
    tx.row(sql, values![]).await
}

pub(super) async fn put(tx: &mut TenantWrite, settings: &Settings) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE tenant_setting SET published = $2, session_idle = $3, session_life = $4, changed_at = $5
         WHERE tenant_id = $1"
    );
    let values =
        values![settings.published, settings.session_idle, settings.session_life, settings.changed_at];
    tx.run(sql, values).await.map(drop)
}
