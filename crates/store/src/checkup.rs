//! What whoever looks after an installation wants to know of its database: `partywall doctor` asks.

use crate::{FromRow, Row, Store, StoreError, operator_sql, values};
use access::{OperatorPermit, Upkeep};
use domain::{ConnectionId, Moment, TenantId};
use std::time::Duration;

/// An active connection, as far as its provider can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveConnection {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: ConnectionId,
    /// What its provider calls itself.
    pub issuer: String,
}

impl FromRow for ActiveConnection {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(ActiveConnection {
            tenant: row.parse("tenant_id")?,
            id: row.parse("id")?,
            issuer: row.text("issuer")?,
        })
    }
}

struct At(Moment);
impl FromRow for At {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.moment("at").map(At)
    }
}

impl Store {
    /// The active connections of all tenants that are not erased, at most so many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn active_connections(
        &self,
        permit: &OperatorPermit<Upkeep>,
        most: u32,
    ) -> Result<Vec<ActiveConnection>, StoreError> {
        let active = operator_sql!(
            "SELECT c.tenant_id, c.id, c.issuer FROM connection c JOIN tenant t ON t.id = c.tenant_id
             WHERE c.standing = 'active' AND t.standing <> 'erased' ORDER BY c.tenant_id, c.id LIMIT $1"
        );
        self.survey(permit, async |tx| tx.rows(active, values![most]).await).await
    }

    /// For how long the oldest event has been told that no node can hear, because a transaction that began
    /// before it is still under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feed_is_held_back(&self, permit: &OperatorPermit<Upkeep>) -> Result<Duration, StoreError> {
        let waiting = operator_sql!("SELECT at FROM outbox WHERE xid >= $1 ORDER BY xid, seq LIMIT 1");
        self.survey(permit, async |tx| {
            let horizon = tx.feed_horizon().await?;
            let oldest: Option<At> = tx.row(waiting, values![horizon]).await?;
            Ok(oldest.map_or(Duration::ZERO, |At(at)| tx.now().since(at)))
        })
        .await
    }
}
