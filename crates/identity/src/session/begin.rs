//! Beginning, within the write that takes the hand-over.

use crate::{Settings, hand_over::HandOver, session::end};
use access::credential::session_digest;
use domain::{Change, Digest, Moment, Secret};
use serde_json::{Value, json};
use std::time::Duration;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// A session that has just begun.
pub(crate) struct Begun {
    /// Its opaque id, for the cookie.
    pub(crate) id: Secret<String>,
    /// When it ends at the latest.
    pub(crate) ends: Moment,
}

struct Terms {
    idle: Duration,
    life: Duration,
}

impl FromRow for Terms {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Terms { idle: row.span("session_idle")?, life: row.span("session_life")? })
    }
}

/// Begins a session for whoever was handed over. The browser's earlier session, if it had one, ends.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn begin(
    tx: &mut TenantWrite,
    settings: &Settings,
    came: &HandOver,
    earlier: Option<Digest>,
) -> Result<Begun, StoreError> {
    if let Some(earlier) = earlier {
        end(tx, earlier).await?;
    }
    let id = tx.new_token();
    let digest = session_digest(&id).expect("a fresh token is a session id");
    let Terms { idle, life } = terms(tx, settings).await?;
    let (now, ends) = (tx.now(), tx.now() + life);
    let sql = sql!(
        "INSERT INTO session (tenant_id, digest, member_id, provider_id, connection_id, since, idle, idle_ends, ends)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    let (provider, connection) = (came.provider, came.connection);
    tx.run(sql, values![digest, came.member, provider, connection, now, idle, now + idle, ends]).await?;
    let facts = json!({ "session": digest.to_string(), "connection": connection, "ends": ends.to_string() });
    tx.changed(Change::new(came.member, Value::Null, facts));
    Ok(Begun { id: Secret::new(id), ends })
}

/// The tenant may shorten what the operator set, and lengthens nothing.
async fn terms(tx: &mut TenantRead, settings: &Settings) -> Result<Terms, StoreError> {
    let sql = sql!("SELECT session_idle, session_life FROM tenant_setting WHERE tenant_id = $1");
    let own: Option<Terms> = tx.row(sql, &[]).await?;
    let shorter = |own: Duration, most: Duration| if own.is_zero() { most } else { own.min(most) };
    let Terms { idle, life } = own.unwrap_or(Terms { idle: Duration::ZERO, life: Duration::ZERO });
    let life = shorter(life, settings.session_life);
    Ok(Terms { idle: shorter(idle, settings.session_idle).min(life), life })
}
