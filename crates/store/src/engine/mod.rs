//! SQLite or PostgreSQL: with `migrate.rs`, the one place that branches.

mod checkup;
mod copy;
mod listen;
mod tx;

pub(crate) use copy::rows_at_once;
pub(crate) use listen::Listening;
pub(crate) use tx::{Scope, Tx};

use crate::StoreError;
use sqlx::{
    AssertSqlSafe, Connection, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::PathBuf, str::FromStr, time::Duration};
use tokio::time::timeout;

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
        /// How long an answer is waited for.
        patience: Patience,
    },
}

/// How long the database is waited for. Whatever happens to it, an operation ends within a few of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, and for a lock.
    pub connection: Duration,
    /// For the answer to one statement.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { connection: Duration::from_secs(5), answer: Duration::from_secs(16) }
    }
}

impl Engine {
    /// Opens the database. Its schema is not looked at; see [`crate::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and its like.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        Self::open_with(database, Patience::default()).await
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_with(database: &Database, patience: Patience) -> Result<Self, StoreError> {
        match database {
            Database::Sqlite(file) => Self::open_sqlite(file.clone(), patience).await,
            Database::Postgres { url, connections } => {
                Self::open_postgres(url.reveal(), *connections, patience)
            }
        }
    }

    async fn open_sqlite(file: PathBuf, patience: Patience) -> Result<Self, StoreError> {
        only_for_us(&file)?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(patience.connection);
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(patience.connection)
                .before_acquire(|connection, _| Box::pin(async move { Ok(is_fresh(connection)) }))
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(8).connect_with(options.read_only(false).pragma("query_only", "ON")).await?;
        Ok(Engine::Sqlite { writer, readers, file })
    }

    fn open_postgres(url: &str, connections: u32, patience: Patience) -> Result<Self, StoreError> {
        // The server gives up a little before we do, so that we hear of it.
        let milliseconds = |span: Duration| span.as_millis().to_string();
        let options = PgConnectOptions::from_str(url)?.application_name("partywall").options([
            ("statement_timeout", milliseconds(patience.answer * 15 / 16)),
            ("lock_timeout", milliseconds(patience.connection)),
            ("idle_in_transaction_session_timeout", milliseconds(patience.answer * 2)),
        ]);
        let pool = |role: &'static str, most: u32| {
            PgPoolOptions::new()
                .max_connections(most.max(2))
                .acquire_timeout(patience.connection)
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        sqlx::query(role).execute(connection).await?;
                        Ok(())
                    })
                })
        };
        // Lazily: the roles may not be there before the first migration.
        Ok(Engine::Postgres {
            app: pool("SET ROLE partywall_app", connections).connect_lazy_with(options.clone()),
            directory: pool("SET ROLE partywall_directory", connections / 2)
                .connect_lazy_with(options.clone()),
            options: Box::new(options),
            patience,
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
            // One snapshot over all its statements, as SQLite has it anyway.
            Engine::Postgres { .. } => {
                self.begin_postgres("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", scope).await
            }
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
        let Engine::Postgres { app, directory, patience, .. } = self else {
            unreachable!("only called for PostgreSQL");
        };
        let (pool, text) = match scope {
            Scope::Tenant(tenant) => (app, format!("{begin}; SET LOCAL partywall.tenant = '{tenant}'")),
            Scope::Person(user) => (app, format!("{begin}; SET LOCAL partywall.person = '{user}'")),
            Scope::Platform => (directory, begin.to_owned()),
        };
        let begun =
            timeout(patience.connection + patience.answer, pool.begin_with(AssertSqlSafe(text))).await;
        match begun.unwrap_or_else(|_| Err(tx::unanswered())) {
            Ok(tx) => Ok(Tx::Postgres(tx, patience.answer)),
            // A pool that still has room did not get a connection: that is no crowd but a silence.
            Err(error @ sqlx::Error::PoolTimedOut) if pool.size() < pool.options().get_max_connections() => {
                Err(StoreError::Unavailable(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// When the disk is full SQLite ends the transaction by itself, and sqlx, whose rollback then fails, takes the
/// connection to be inside it for ever. Such a connection is replaced.
fn is_fresh(connection: &sqlx::SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

/// Makes the file, if there is none, so that only its owner may read it; what SQLite lays beside it is made
/// alike.
fn only_for_us(file: &std::path::Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    made.map(drop).map_err(|error| StoreError::from(sqlx::Error::Io(error)))
}
