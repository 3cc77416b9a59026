//! Applications' rows, which are the platform's.

use super::{Application, Metadata, SecretMark};
use domain::{ApplicationId, Digest, Moment};
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Application {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Application {
            id: row.parse("id")?,
            metadata: row.json("body")?,
            secrets: row.json("secrets")?,
            created_at: row.moment("created_at")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// Installations have few applications; all of them are one page.
pub(super) async fn all(tx: &mut OperatorRead) -> Result<Vec<Application>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, body, secrets, created_at, changed_at FROM application ORDER BY id LIMIT 1001"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn find(
    tx: &mut OperatorRead,
    id: ApplicationId,
) -> Result<Option<Application>, StoreError> {
    let sql =
        operator_sql!("SELECT id, body, secrets, created_at, changed_at FROM application WHERE id = $1");
    tx.row(sql, values![id]).await
}

pub(super) async fn put(
    tx: &mut OperatorWrite,
    id: ApplicationId,
    metadata: &Metadata,
    secrets: &[SecretMark],
) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO application (id, body, secrets, created_at, changed_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, secrets = excluded.secrets,
         changed_at = excluded.changed_at"
    );
    let now = tx.now();
    tx.run(sql, values![id, &json!(metadata), &json!(secrets), now]).await.map(drop)
}

pub(super) async fn remove(tx: &mut OperatorWrite, id: ApplicationId) -> Result<(), StoreError> {
    tx.run(operator_sql!("DELETE FROM used_assertion WHERE application_id = $1"), values![id]).await?;
    tx.run(operator_sql!("DELETE FROM application WHERE id = $1"), values![id]).await.map(drop)
}

/// Remembers that something of an application's was shown; gives whether it was the first time.
pub(crate) async fn use_up(
    tx: &mut OperatorWrite,
    application: ApplicationId,
    digest: Digest,
    ends: Moment,
) -> Result<bool, StoreError> {
    let sql = operator_sql!(
        "INSERT INTO used_assertion (application_id, digest, ends) VALUES ($1, $2, $3)
         ON CONFLICT (application_id, digest) DO NOTHING"
    );
    Ok(tx.run(sql, values![application, digest, ends]).await? == 1)
}
