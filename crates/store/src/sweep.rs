//! Removes what has ended. Everything here is refused by its end anyway; sweeping only makes room.

use crate::{FromRow, OperatorWrite, Position, Row, Store, StoreError, operator_sql, sql, values};
use access::{OperatorPermit, Permit, SweepTenant, Upkeep};
use domain::{Moment, TenantId};
use std::time::Duration;

/// How long some things are kept after their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How long an event stays in the outbox. A node that was away for longer fills its memory anew.
    pub outbox: Duration,
    /// How long an invitation that ended is kept, so that its holder reads that it has ended.
    pub invitations: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 24 * 3_600;
        Retention { outbox: Duration::from_secs(DAY), invitations: Duration::from_secs(30 * DAY) }
    }
}

/// How long an order is kept of which nothing is wanted any more.
const IDLE_ORDER: Duration = Duration::from_secs(24 * 3_600);

impl Store {
    /// Removes this tenant's sessions, hand-overs, used states and invitations that have ended; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep_tenant(&self, permit: &Permit<SweepTenant>) -> Result<u64, StoreError> {
        let ended = [
            sql!("DELETE FROM session WHERE tenant_id = $1 AND (ends <= $2 OR idle_ends <= $2)"),
            sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND ends <= $2"),
            sql!("DELETE FROM used_state WHERE tenant_id = $1 AND ends <= $2"),
            sql!("DELETE FROM connection_trial WHERE tenant_id = $1 AND ends <= $2"),
            sql!("DELETE FROM application_grant WHERE tenant_id = $1 AND ends <= $2"),
            sql!("DELETE FROM brought_answer WHERE tenant_id = $1 AND ends <= $2"),
        ];
        let orders = sql!(
            "DELETE FROM certificate_order WHERE tenant_id = $1 AND standing = 'idle' AND ordered_at <= $2"
        );
        let invitations = sql!("DELETE FROM invitation WHERE tenant_id = $1 AND ends <= $2");
        let retention = self.retention.invitations;
        self.write(permit, async |tx| {
            let mut swept = tx.run(invitations, values![tx.now() - retention]).await?;
            // Kept for a while, so that a name that comes and goes is not ordered for without end.
            swept += tx.run(orders, values![tx.now() - IDLE_ORDER]).await?;
            for statement in ended {
                swept += tx.run(statement, values![tx.now()]).await?;
            }
            Ok(swept)
        })
        .await
    }

    /// Removes the platform's own things that have ended: persons' sessions, names that have rested, old
    /// events, windows of rates; gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep_platform(&self, permit: &OperatorPermit<Upkeep>) -> Result<u64, StoreError> {
        let persons = operator_sql!("DELETE FROM person_session WHERE ends <= $1 OR idle_ends <= $1");
        let names = operator_sql!("DELETE FROM resting_name WHERE until <= $1");
        let assertions = operator_sql!("DELETE FROM used_assertion WHERE ends <= $1");
        let rates = operator_sql!("DELETE FROM rate_share WHERE ends < $1");
        let retention = self.retention.outbox;
        self.operate(permit, async |tx| {
            let until = tx.now() - retention;
            let mut swept = sweep_events(tx, until).await?;
            swept += tx.run(rates, values![tx.now().seconds()]).await?;
            for statement in [persons, names, assertions] {
                swept += tx.run(statement, values![tx.now()]).await?;
            }
            Ok(swept)
        })
        .await
    }

    /// The tenants for which [`Store::sweep_tenant`] would find something.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants_to_sweep(
        &self,
        permit: &OperatorPermit<Upkeep>,
    ) -> Result<Vec<TenantId>, StoreError> {
        let ended = operator_sql!(
            "SELECT tenant_id FROM session WHERE ends <= $1 OR idle_ends <= $1
             UNION SELECT tenant_id FROM hand_over WHERE ends <= $1
             UNION SELECT tenant_id FROM used_state WHERE ends <= $1
             UNION SELECT tenant_id FROM connection_trial WHERE ends <= $1
             UNION SELECT tenant_id FROM application_grant WHERE ends <= $1
             UNION SELECT tenant_id FROM brought_answer WHERE ends <= $1
             UNION SELECT tenant_id FROM invitation WHERE ends <= $2"
        );
        let retention = self.retention.invitations;
        let found: Vec<Ended> = self
            .survey(permit, async |tx| tx.rows(ended, values![tx.now(), tx.now() - retention]).await)
            .await?;
        Ok(found.into_iter().map(|row| row.0).collect())
    }
}

/// Removes what was told before `until`, from the beginning of the outbox on. The last such event stays, so
/// that a feed sees whether what it heard last is followed by all that came after.
async fn sweep_events(tx: &mut OperatorWrite, until: Moment) -> Result<u64, StoreError> {
    let fresh = operator_sql!("SELECT xid, seq FROM outbox WHERE at >= $1 ORDER BY xid, seq LIMIT 1");
    let before = operator_sql!(
        "SELECT xid, seq FROM outbox WHERE xid < $1 OR (xid = $1 AND seq < $2)
         ORDER BY xid DESC, seq DESC LIMIT 1"
    );
    let remove = operator_sql!("DELETE FROM outbox WHERE xid < $1 OR (xid = $1 AND seq < $2)");
    let end = Position { xid: i64::MAX, seq: i64::MAX };
    let fresh = tx.row(fresh, values![until]).await?.unwrap_or(end);
    let mark: Option<Position> = tx.row(before, values![fresh.xid, fresh.seq]).await?;
    let Some(mark) = mark else { return Ok(0) };
    tx.run(remove, values![mark.xid, mark.seq]).await
}

struct Ended(TenantId);
impl FromRow for Ended {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("tenant_id").map(Ended)
    }
}
