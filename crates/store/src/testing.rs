//! The way around the waist, for tests that break things on purpose and for looking at the schema itself.
//! Behind a feature that only `testkit` switches on; a release does not hold it.

use crate::{Database, Engine, Patience, StoreError};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Either, Executor, Row as _, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use std::{cell::Cell, str::FromStr};

thread_local! {
    static STATEMENTS: Cell<u64> = const { Cell::new(0) };
}

/// How many statements this thread has sent so far, for tests about what an answer costs. A test's own thread
/// runs all of its transactions.
pub fn statements() -> u64 {
    STATEMENTS.get()
}

pub(crate) fn count_statement() {
    STATEMENTS.set(STATEMENTS.get() + 1);
}

/// Runs `statements` over a connection of its own and gives every row as text; what is NULL is empty.
///
/// # Errors
/// [`StoreError`].
pub async fn raw(database: &Database, statements: &str) -> Result<Vec<Vec<String>>, StoreError> {
    // The two arms are alike to the letter but cannot share a function: the types of sqlx differ.
    macro_rules! rows {
        ($connection:expr) => {{
            let mut connection = $connection;
            let mut rows = Vec::new();
            let mut stream = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(statements.to_owned())));
            while let Some(step) = stream.try_next().await? {
                if let Either::Right(row) = step {
                    let texts = (0..row.len()).map(|at| row.try_get_unchecked::<Option<String>, _>(at));
                    rows.push(
                        texts.map(|text| text.map(Option::unwrap_or_default)).collect::<Result<_, _>>()?,
                    );
                }
            }
            drop(stream);
            sqlx::Connection::close(connection).await?;
            rows
        }};
    }
    Ok(match database {
        Database::Sqlite(file) => {
            let options = SqliteConnectOptions::new()
                .filename(file)
                .foreign_keys(false)
                .busy_timeout(Patience::default().connection);
            rows!(options.connect().await?)
        }
        Database::Postgres { url, .. } => rows!(PgConnectOptions::from_str(url.reveal())?.connect().await?),
    })
}

/// Lets an SQLite file grow by so many pages and no further, as a disk that is nearly full would, until the
/// writer's connection is replaced.
///
/// # Errors
/// [`StoreError`].
pub async fn limit_growth(engine: &Engine, pages: i64) -> Result<(), StoreError> {
    let Engine::Sqlite { writer, .. } = engine else { return Ok(()) };
    let now: i64 = sqlx::query("PRAGMA page_count").fetch_one(writer).await?.try_get(0)?;
    let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {}", now + pages));
    sqlx::query(limit).fetch_one(writer).await?;
    Ok(())
}
