//! The routes' document among the platform's.

use super::Routing;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Routing {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Routing { document: row.json("body")?, changed_at: row.moment("changed_at")? })
    }
}

pub(crate) async fn find(tx: &mut OperatorRead) -> Result<Option<Routing>, StoreError> {
    let sql = operator_sql!("SELECT body, changed_at FROM platform_document WHERE name = 'routes'");
    tx.row(sql, values![]).await
}

pub(super) async fn put(tx: &mut OperatorWrite, routing: &Routing) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO platform_document (name, body, changed_at) VALUES ('routes', $1, $2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at"
    );
    tx.run(sql, values![&routing.document, routing.changed_at]).await.map(drop)
}
