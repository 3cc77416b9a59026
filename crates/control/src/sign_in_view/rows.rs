//! Sign-ins, counted by hour. An id begins with its time, so that a span is a range of ids.

use super::{Came, TurnedAway};
use domain::{AuditLineId, Id, Moment, SignInId, id::Kind};
use store::{FromRow, Row, StoreError, TenantRead, sql, values};

const SECONDS: i64 = 3_600;

/// The hours since 1970 until then.
pub(super) fn hour_of(moment: Moment) -> i64 {
    moment.seconds().div_euclid(SECONDS)
}

/// When an hour begins.
pub(super) fn hour(number: i64) -> Moment {
    Moment::from_seconds(number * SECONDS)
}

impl FromRow for Came {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Came {
            begins: hour(row.int("hour")?),
            provider: row.parse("provider_id")?,
            connection: row.text("connection")?,
            sign_ins: row.int("times")?,
            people: row.int("people")?,
        })
    }
}

impl FromRow for TurnedAway {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(TurnedAway {
            begins: hour(row.int("hour")?),
            reason: row.text("outcome")?,
            times: row.int("times")?,
        })
    }
}

/// The least id of what was written since.
fn earliest<K: Kind>(since: Moment) -> Id<K> {
    Id::from_bits(((since.micros().max(0) / 1_000) as u128) << 80)
}

pub(super) async fn came(tx: &mut TenantRead, since: Moment) -> Result<Vec<Came>, StoreError> {
    let sql = sql!(
        "SELECT s.at / 3600000000 AS hour, s.provider_id, COALESCE(c.name, '') AS connection, COUNT(*) AS times,
           COUNT(DISTINCT s.member_id) AS people
         FROM sign_in s LEFT JOIN connection c ON c.tenant_id = $1 AND c.id = s.connection_id
         WHERE s.tenant_id = $1 AND s.id >= $2
         GROUP BY s.at / 3600000000, s.provider_id, c.name ORDER BY 1, 2, 3"
    );
    let earliest: SignInId = earliest(since);
    tx.rows(sql, values![earliest]).await
}

pub(super) async fn turned_away(tx: &mut TenantRead, since: Moment) -> Result<Vec<TurnedAway>, StoreError> {
    let sql = sql!(
        "SELECT at / 3600000000 AS hour, outcome, COUNT(*) AS times FROM audit_line
         WHERE tenant_id = $1 AND action = 'sign-in.finish' AND id >= $2 AND outcome <> 'done'
         GROUP BY at / 3600000000, outcome ORDER BY 1, 2"
    );
    let earliest: AuditLineId = earliest(since);
    tx.rows(sql, values![earliest]).await
}
