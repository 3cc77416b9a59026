//! The application's roles' rows.

use super::AppRole;
use domain::RoleName;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for AppRole {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(AppRole {
            name: row.parse("name")?,
            title: row.parse("title")?,
            about: row.text("about")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

pub(super) async fn find(tx: &mut OperatorRead, name: &RoleName) -> Result<Option<AppRole>, StoreError> {
    let sql = operator_sql!("SELECT name, title, about, changed_at FROM app_role WHERE name = $1");
    tx.row(sql, values![name]).await
}

/// An application has few roles; all of them are one page.
pub(super) async fn all(tx: &mut OperatorRead) -> Result<Vec<AppRole>, StoreError> {
    tx.rows(operator_sql!("SELECT name, title, about, changed_at FROM app_role ORDER BY name"), values![])
        .await
}

pub(super) async fn put(tx: &mut OperatorWrite, role: &AppRole) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO app_role (name, title, about, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET title = excluded.title, about = excluded.about,
         changed_at = excluded.changed_at"
    );
    tx.run(sql, values![&role.name, &role.title, &role.about, role.changed_at]).await.map(drop)
}

pub(super) async fn remove(tx: &mut OperatorWrite, name: &RoleName) -> Result<(), StoreError> {
    tx.run(operator_sql!("DELETE FROM app_role WHERE name = $1"), values![name]).await.map(drop)
}
