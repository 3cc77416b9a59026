//! The row of a tenant's settings.

use super::Settings;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Settings {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Settings {
            published: row.flag("published")?,
            session_idle: row.span("session_idle")?,
            session_life: row.span("session_life")?,
            key_days: days(row, "key_days")?,
            key_unused_days: days(row, "key_unused_days")?,
            networks: row.words("networks")?,
            exchanges_keys: row.flag("exchanges_keys")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

fn days(row: &Row, column: &str) -> Result<u64, StoreError> {
    row.int(column).map(|days| days.max(0).unsigned_abs())
}

pub(super) async fn find(tx: &mut TenantRead) -> Result<Option<Settings>, StoreError> {
    let sql = sql!(
        "SELECT published, session_idle, session_life, key_days, key_unused_days, networks, exchanges_keys,
           changed_at
         FROM tenant_setting WHERE tenant_id = $1"
    );
    tx.row(sql, values![]).await
}

pub(super) async fn put(tx: &mut TenantWrite, settings: &Settings) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE tenant_setting SET published = $2, session_idle = $3, session_life = $4, changed_at = $5,
           key_days = $6, key_unused_days = $7, networks = $8, exchanges_keys = $9
         WHERE tenant_id = $1"
    );
    let days = |days: u64| i64::try_from(days).unwrap_or(i64::MAX);
    let networks: Vec<String> = settings.networks.iter().map(ToString::to_string).collect();
    let values = values![
        settings.published,
        settings.session_idle,
        settings.session_life,
        settings.changed_at,
        days(settings.key_days),
        days(settings.key_unused_days),
        networks.join(" "),
        settings.exchanges_keys,
    ];
    tx.run(sql, values).await.map(drop)
}
