//! Plans' rows.

use super::Plan;
use domain::{DisplayName, PlanId};
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Plan {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Plan {
            id: row.parse("id")?,
            name: row.parse("name")?,
            limits: row.json("body")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

struct IdRow(PlanId);

impl FromRow for IdRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("id").map(IdRow)
    }
}

pub(crate) async fn find(tx: &mut OperatorRead, id: PlanId) -> Result<Option<Plan>, StoreError> {
    tx.row(operator_sql!("SELECT id, name, body, changed_at FROM plan WHERE id = $1"), values![id]).await
}

pub(super) async fn find_by_name(
    tx: &mut OperatorRead,
    name: &DisplayName,
) -> Result<Option<Plan>, StoreError> {
    tx.row(operator_sql!("SELECT id, name, body, changed_at FROM plan WHERE name = $1"), values![name]).await
}

/// The plan of tenants of whom nobody said which.
pub(crate) async fn oldest(tx: &mut OperatorRead) -> Result<Option<PlanId>, StoreError> {
    let sql = operator_sql!("SELECT id FROM plan ORDER BY id LIMIT 1");
    Ok(tx.row::<IdRow>(sql, values![]).await?.map(|row| row.0))
}

/// Installations have few plans; all of them are one page.
pub(crate) async fn all(tx: &mut OperatorRead) -> Result<Vec<Plan>, StoreError> {
    tx.rows(operator_sql!("SELECT id, name, body, changed_at FROM plan ORDER BY name"), values![]).await
}

pub(crate) async fn may_be_called(
    tx: &mut OperatorRead,
    id: PlanId,
    name: &DisplayName,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("SELECT COUNT(*) AS n FROM plan WHERE name = $1 AND id <> $2");
    Ok(tx.number(sql, values![name, id]).await? == 0)
}

pub(crate) async fn put(tx: &mut OperatorWrite, plan: &Plan) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO plan (id, name, body, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body,
         changed_at = excluded.changed_at"
    );
    tx.run(sql, values![plan.id, &plan.name, &json!(plan.limits), plan.changed_at]).await.map(drop)
}
