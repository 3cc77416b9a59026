//! A transaction of either engine.

use crate::{Row, StoreError, Value};
use sqlx::{AssertSqlSafe, Postgres, Row as _, SqlSafeStr, Sqlite, Transaction};
use std::time::Duration;
use tokio::time::timeout;

/// Whose rows a transaction is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    Tenant(domain::TenantId),
    Person(domain::UserId),
    Platform,
}

/// A transaction of either engine; on PostgreSQL with how long each answer is waited for, because a server
/// behind a broken network says nothing at all.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>, Duration),
}

/// Waits for an answer so long and no longer.
async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    Ok(timeout(patience, answer).await.unwrap_or_else(|_| Err(unanswered()))?)
}

pub(super) fn unanswered() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"))
}

/// A rollback is not worth waiting for: the server forgets what was not committed.
const FOR_NOTHING: Duration = Duration::from_secs(1);

/// Binds `values` to `text`, in order.
macro_rules! bound {
    ($text:expr, $values:expr) => {{
        #[cfg(feature = "testing")]
        crate::testing::count_statement();
        let mut query = sqlx::query($text);
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Int(number) => query.bind(number),
            };
        }
        query
    }};
}

impl Tx {
    pub(crate) async fn fetch(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Tx::Sqlite(tx) => {
                bound!(text, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect()
            }
            Tx::Postgres(tx, patience) => {
                let rows = within(*patience, bound!(text, values).fetch_all(&mut **tx)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Fetches rows that this transaction goes on to change. Rows that another transaction is changing are
    /// passed over; on SQLite there is no other that writes.
    pub(crate) async fn fetch_to_change(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let Tx::Postgres(tx, patience) = self else { return self.fetch(text, values).await };
        let text = AssertSqlSafe(format!("{text} FOR UPDATE SKIP LOCKED"));
        let rows = within(*patience, bound!(text, values).fetch_all(&mut **tx)).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    pub(crate) async fn execute(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.execute_text(text, values).await
    }

    /// The same for text that is put together at run time, out of names that are known.
    pub(super) async fn execute_text(
        &mut self,
        text: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Tx::Sqlite(tx) => bound!(text, values).execute(&mut **tx).await?.rows_affected(),
            Tx::Postgres(tx, patience) => {
                within(*patience, bound!(text, values).execute(&mut **tx)).await?.rows_affected()
            }
        })
    }

    /// Lets the rest of this transaction write this person's rows too.
    pub(crate) async fn admit_person(&mut self, user: domain::UserId) -> Result<(), StoreError> {
        if let Tx::Postgres(tx, patience) = self {
            let text = AssertSqlSafe(format!("SET LOCAL partywall.person = '{user}'"));
            within(*patience, sqlx::query(text).execute(&mut **tx)).await?;
        }
        Ok(())
    }

    /// Waits for other transactions that named the same turn. SQLite has one writer anyway.
    pub(crate) async fn take_turns(&mut self, turn: String) -> Result<(), StoreError> {
        if let Tx::Postgres(tx, patience) = self {
            let text = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            within(*patience, sqlx::query(text).bind(turn).execute(&mut **tx)).await?;
        }
        Ok(())
    }

    /// Lets the rest of this transaction write this tenant's rows too.
    pub(crate) async fn admit_tenant(&mut self, tenant: domain::TenantId) -> Result<(), StoreError> {
        if let Tx::Postgres(tx, patience) = self {
            let text = AssertSqlSafe(format!("SET LOCAL partywall.tenant = '{tenant}'"));
            within(*patience, sqlx::query(text).execute(&mut **tx)).await?;
        }
        Ok(())
    }

    /// Rings the other nodes' bell when this transaction commits.
    pub(crate) async fn ring(&mut self) -> Result<(), StoreError> {
        if let Tx::Postgres(tx, patience) = self {
            let text = "SELECT pg_notify('partywall', '')";
            within(*patience, sqlx::query(text).execute(&mut **tx)).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx, patience) => within(patience, tx.commit()).await?,
        }
        Ok(())
    }

    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx, patience) => within(patience.min(FOR_NOTHING), tx.rollback()).await?,
        }
        Ok(())
    }

    /// Ends a transaction that only read. What was read is true even if the end is not heard.
    pub(crate) async fn end_read(self) {
        if let Err(error) = self.roll_back().await {
            tracing::warn!(%error, "a read could not be ended in order: {error}");
        }
    }

    /// The end of the outbox: a reader that goes on from here, as `(xid, seq)`, hears whatever was not
    /// visible yet, and little of what was.
    pub(crate) async fn feed_end(&mut self) -> Result<(i64, i64), StoreError> {
        match self {
            Tx::Sqlite(tx) => {
                let last =
                    sqlx::query("SELECT COALESCE(MAX(seq), 0) AS n FROM outbox").fetch_one(&mut **tx).await?;
                Ok((0, last.try_get("n")?))
            }
            Tx::Postgres(..) => Ok((self.feed_horizon().await? - 1, i64::MAX)),
        }
    }

    /// Rows of transactions before this one can be read without missing any: nobody who might still commit
    /// an earlier one is under way. SQLite has one writer, whose rows appear in order.
    pub(crate) async fn feed_horizon(&mut self) -> Result<i64, StoreError> {
        let Tx::Postgres(tx, patience) = self else { return Ok(i64::MAX) };
        let text = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS n";
        Ok(within(*patience, sqlx::query(text).fetch_one(&mut **tx)).await?.try_get("n")?)
    }
}
