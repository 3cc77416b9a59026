//! Whole tables out and in, for backup and restore. On PostgreSQL this is the keeper's role: it sees every
//! row, may add and never change, and serves nothing but this.

use super::{Engine, Tx};
use crate::{StoreError, Value};
use futures_util::TryStreamExt;
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, Column, Row, TypeInfo, ValueRef, postgres::PgPoolOptions};
use std::time::Duration;

/// One snapshot for as long as it takes, whatever others write meanwhile.
const AS_KEEPER: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL ROLE partywall_keeper; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

impl Engine {
    /// Begins a transaction that copies whole tables.
    pub(crate) async fn begin_copy(&self, writes: bool) -> Result<Tx, StoreError> {
        match self {
            Engine::Sqlite { writer, .. } if writes => {
                Ok(Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?))
            }
            Engine::Sqlite { readers, .. } => Ok(Tx::Sqlite(readers.begin().await?)),
            Engine::Postgres { options, patience, .. } => {
                let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience.connection);
                let pool = pool.connect_with((**options).clone()).await?;
                // A whole table is one statement, and takes as long as it takes.
                Ok(Tx::Postgres(pool.begin_with(AS_KEEPER).await?, Duration::MAX))
            }
        }
    }
}

/// The columns of a table that are the database's own business: an event's place is given anew.
fn own(table: &str, column: &str) -> bool {
    table == "outbox" && matches!(column, "seq" | "xid")
}

/// How many values one statement takes: far fewer than SQLite (32,766) and PostgreSQL (65,535) allow, because
/// by then a row more saves nothing.
const MOST_VALUES: usize = 4_000;

/// How many rows of so many columns are added in one statement.
pub(crate) fn rows_at_once(columns: usize) -> usize {
    (MOST_VALUES / columns.max(1)).max(1)
}

impl Tx {
    /// Gives every row of a table to `each`, as names and values of its columns.
    pub(crate) async fn copy_out<E: From<StoreError>>(
        &mut self,
        table: &str,
        mut each: impl AsyncFnMut(Vec<String>, Vec<Json>) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = if table == "outbox" { " ORDER BY seq" } else { "" };
        let text = AssertSqlSafe(format!("SELECT * FROM {table}{order}"));
        // The two arms are alike to the letter but cannot share a function: the types of sqlx differ.
        macro_rules! stream {
            ($tx:expr) => {{
                let mut rows = sqlx::query(text).fetch(&mut **$tx);
                while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
                    let (mut columns, mut values) = (Vec::new(), Vec::new());
                    for (at, column) in
                        row.columns().iter().enumerate().filter(|(_, c)| !own(table, c.name()))
                    {
                        columns.push(column.name().to_owned());
                        let raw = row.try_get_raw(at).map_err(StoreError::from)?;
                        let is_text = raw.type_info().name() == "TEXT";
                        values.push(if is_text {
                            Json::from(row.try_get::<String, _>(at).map_err(StoreError::from)?)
                        } else {
                            Json::from(row.try_get::<i64, _>(at).map_err(StoreError::from)?)
                        });
                    }
                    each(columns, values).await?;
                }
            }};
        }
        match self {
            Tx::Sqlite(tx) => stream!(tx),
            Tx::Postgres(tx, _) => stream!(tx),
        }
        Ok(())
    }

    /// Adds rows to a table in one statement: at most [`rows_at_once`] of them.
    pub(crate) async fn copy_in(
        &mut self,
        table: &str,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        // SQLite takes `$1` for a name and looks it up among all others, for each that is bound.
        let by_number = matches!(self, Tx::Postgres(..));
        let place = |place: usize| if by_number { format!("${place}") } else { "?".to_owned() };
        let width = columns.len();
        let row = |at: usize| {
            let places: Vec<_> = (at * width + 1..=(at + 1) * width).map(place).collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<_> = (0..rows.len()).map(row).collect();
        let text = format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), places.join(", "));
        self.execute_text(AssertSqlSafe(text), rows.into_iter().flatten().collect()).await.map(drop)
    }

    /// Whether a table has no row.
    pub(crate) async fn is_empty(&mut self, table: &str) -> Result<bool, StoreError> {
        let text = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
        Ok(match self {
            Tx::Sqlite(tx) => sqlx::query(text).fetch_optional(&mut **tx).await?.is_none(),
            Tx::Postgres(tx, _) => sqlx::query(text).fetch_optional(&mut **tx).await?.is_none(),
        })
    }
}
