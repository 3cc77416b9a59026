//! Assumptions, read from the house's trail.

use super::Assumption;
use access::{Action, AssumeTenant};
use domain::{Cursor, TenantId};
use serde_json::Value;
use store::{FromRow, OperatorRead, Row, StoreError, operator_sql, values};

/// An assumption and the line it stands in.
pub(super) struct AssumptionRow {
    pub(super) line: String,
    pub(super) assumption: Assumption,
}

impl FromRow for AssumptionRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let after: Value = row.json("after_values")?;
        Ok(AssumptionRow {
            line: row.text("id")?,
            assumption: Assumption {
                tenant: row.parse("target")?,
                operator: row.text("actor")?,
                reason: after["reason"].as_str().unwrap_or_default().to_owned(),
                at: row.moment("at")?,
            },
        })
    }
}

/// The newest first; one more than the cursor's limit. Attempts that were refused assumed nothing.
pub(super) async fn list(
    tx: &mut OperatorRead,
    house: TenantId,
    cursor: &Cursor,
) -> Result<Vec<AssumptionRow>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, at, actor, target, after_values FROM audit_line
         WHERE tenant_id = $1 AND action = $2 AND outcome = 'done' AND ($3 = '' OR id < $3)
         ORDER BY id DESC LIMIT $4"
    );
    let values = values![house, AssumeTenant::NAME, &cursor.after, i64::from(cursor.limit) + 1];
    tx.rows(sql, values).await
}
