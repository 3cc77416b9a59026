//! SQLite or PostgreSQL: the one place that branches.

use crate::{Row, StoreError, Value};
use sqlx::{
    AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::PathBuf, str::FromStr, time::Duration};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Database {
    /// One file.
    Sqlite(PathBuf),
    /// A `postgres://` address. The user it names is made a member of the roles that `migrate` makes.
    Postgres {
        /// The address.
        url: domain::Secret<String>,
        /// The most connections a node holds.
        connections: u32,
    },
}

/// An open database.
#[derive(Clone)]
pub enum Engine {
    /// One writer, many readers, over one file.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// The connections that read.
        readers: SqlitePool,
        /// The file.
        file: PathBuf,
    },
    /// Two roles over one database.
    Postgres {
        /// Serves requests; sees only what the transaction's tenant or person may.
        app: PgPool,
        /// Serves the directory, the relay, claims and operators; has policies on named tables.
        directory: PgPool,
        /// The address, for connections that listen.
        options: Box<PgConnectOptions>,
    },
}

/// Whose rows a transaction is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    Tenant(domain::TenantId),
    Person(domain::UserId),
    Platform,
}

/// A transaction of either engine.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// How long a connection is waited for, and a lock, before the answer is "busy".
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    /// Opens the database. Its schema is not looked at; see [`crate::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and its like.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        match database {
            Database::Sqlite(file) => Self::open_sqlite(file.clone()).await,
            Database::Postgres { url, connections } => Self::open_postgres(url.reveal(), *connections).await,
        }
    }

    async fn open_sqlite(file: PathBuf) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE);
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(8).connect_with(options.read_only(false).pragma("query_only", "ON")).await?;
        Ok(Engine::Sqlite { writer, readers, file })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("partywall").options([
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "30s"),
        ]);
        let pool = |role: &'static str, most: u32| {
            PgPoolOptions::new().max_connections(most.max(2)).acquire_timeout(PATIENCE).after_connect(
                move |connection, _| {
                    Box::pin(async move {
                        sqlx::query(role).execute(connection).await?;
                        Ok(())
                    })
                },
            )
        };
        // Lazily: the roles may not be there before the first migration.
        Ok(Engine::Postgres {
            app: pool("SET ROLE partywall_app", connections).connect_lazy_with(options.clone()),
            directory: pool("SET ROLE partywall_directory", connections / 2)
                .connect_lazy_with(options.clone()),
            options: Box::new(options),
        })
    }

    /// `sqlite` or `postgres`.
    pub fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres { .. } => "postgres",
        }
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match self {
            Engine::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres { app, directory, .. } => {
                app.close().await;
                directory.close().await;
            }
        }
    }

    pub(crate) async fn begin_read(&self, scope: Scope) -> Result<Tx, StoreError> {
        match self {
            Engine::Sqlite { readers, .. } => Ok(Tx::Sqlite(readers.begin().await?)),
            Engine::Postgres { .. } => self.begin_postgres("BEGIN READ ONLY", scope).await,
        }
    }

    pub(crate) async fn begin_write(&self, scope: Scope) -> Result<Tx, StoreError> {
        match self {
            // Taking the lock at once spares us from finding it taken half-way.
            Engine::Sqlite { writer, .. } => Ok(Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)),
            Engine::Postgres { .. } => self.begin_postgres("BEGIN", scope).await,
        }
    }

    /// The setting that row-level security goes by travels in the same message as BEGIN. Ids are
    /// letters, digits and an underscore, so that they can stand in quotes.
    async fn begin_postgres(&self, begin: &str, scope: Scope) -> Result<Tx, StoreError> {
        let Engine::Postgres { app, directory, .. } = self else {
            unreachable!("only called for PostgreSQL");
        };
        let (pool, text) = match scope {
            Scope::Tenant(tenant) => (app, format!("{begin}; SET LOCAL partywall.tenant = '{tenant}'")),
            Scope::Person(user) => (app, format!("{begin}; SET LOCAL partywall.person = '{user}'")),
            Scope::Platform => (directory, begin.to_owned()),
        };
        Ok(Tx::Postgres(pool.begin_with(AssertSqlSafe(text)).await?))
    }
}

/// Binds `values` to `text`, in order.
macro_rules! bound {
    ($text:expr, $values:expr) => {{
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
            Tx::Postgres(tx) => {
                bound!(text, values).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
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
        let Tx::Postgres(tx) = self else { return self.fetch(text, values).await };
        let text = AssertSqlSafe(format!("{text} FOR UPDATE SKIP LOCKED"));
        let rows = bound!(text, values).fetch_all(&mut **tx).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    pub(crate) async fn execute(
        &mut self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Tx::Sqlite(tx) => bound!(text, values).execute(&mut **tx).await?.rows_affected(),
            Tx::Postgres(tx) => bound!(text, values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Lets the rest of this transaction write this person's rows too.
    pub(crate) async fn admit_person(&mut self, user: domain::UserId) -> Result<(), StoreError> {
        if let Tx::Postgres(tx) = self {
            let text = AssertSqlSafe(format!("SET LOCAL partywall.person = '{user}'"));
            sqlx::query(text).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Waits for other transactions that named the same turn. SQLite has one writer anyway.
    pub(crate) async fn take_turns(&mut self, turn: String) -> Result<(), StoreError> {
        if let Tx::Postgres(tx) = self {
            let text = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            sqlx::query(text).bind(turn).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Rings the other nodes' bell when this transaction commits.
    pub(crate) async fn ring(&mut self) -> Result<(), StoreError> {
        if let Tx::Postgres(tx) = self {
            sqlx::query("SELECT pg_notify('partywall', '')").execute(&mut **tx).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
