//! Tokens' rows.

use super::Token;
use domain::{Cursor, Digest, TokenId};
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Token {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Token {
            id: row.parse("id")?,
            name: row.parse("name")?,
            rights: row.parse("rights")?,
            created_by: row.text("created_by")?,
            created_at: row.moment("created_at")?,
            ends_at: row.moment("ends_at")?,
        })
    }
}

pub(super) async fn find(tx: &mut OperatorRead, id: TokenId) -> Result<Option<Token>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, rights, created_by, created_at, ends_at FROM operator_token WHERE id = $1"
    );
    tx.row(sql, values![id]).await
}

/// The newest first; one more than the cursor's limit.
pub(super) async fn list(tx: &mut OperatorRead, cursor: &Cursor) -> Result<Vec<Token>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, rights, created_by, created_at, ends_at FROM operator_token
         WHERE ($1 = '' OR id < $1) ORDER BY id DESC LIMIT $2"
    );
    tx.rows(sql, values![&cursor.after, i64::from(cursor.limit) + 1]).await
}

pub(super) async fn add(tx: &mut OperatorWrite, token: &Token, digest: Digest) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO operator_token (id, digest, name, rights, created_by, created_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    let values = values![
        token.id,
        digest,
        &token.name,
        token.rights.name(),
        &token.created_by,
        token.created_at,
        token.ends_at
    ];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn end(tx: &mut OperatorWrite, id: TokenId) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(operator_sql!("UPDATE operator_token SET ends_at = $2 WHERE id = $1"), values![id, now])
        .await
        .map(drop)
}
