//! The scopes among the platform's documents.

use super::Scope;
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

struct Declared(Vec<Scope>);

impl FromRow for Declared {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.json("body").map(Declared)
    }
}

pub(super) async fn find(tx: &mut OperatorRead) -> Result<Vec<Scope>, StoreError> {
    let sql = operator_sql!("SELECT body FROM platform_document WHERE name = 'scopes'");
    let found: Option<Declared> = tx.row(sql, values![]).await?;
    Ok(found.map(|declared| declared.0).unwrap_or_default())
}

pub(super) async fn put(tx: &mut OperatorWrite, scopes: &[Scope]) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO platform_document (name, body, changed_at) VALUES ('scopes', $1, $2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at"
    );
    let now = tx.now();
    tx.run(sql, values![&json!(scopes), now]).await.map(drop)
}
