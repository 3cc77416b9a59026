//! What can go wrong between a room and the database.

use crate::tenant::AWAY;
use domain::Fault;

/// A failure of the database or of what lies in it. Clients learn only whether to try again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or does not answer in time.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Others held what was needed for too long.
    #[error("the database is busy: {0}")]
    Busy(#[source] sqlx::Error),
    /// The disk is full.
    #[error("the database's disk is full: {0}")]
    Full(#[source] sqlx::Error),
    /// A row with that key is there already, or one that it points to is not.
    #[error("a key or reference stands in the way: {0}")]
    Conflict(#[source] sqlx::Error),
    /// A column does not hold what it should.
    #[error("column {column} holds what cannot be read: {why}")]
    Unreadable {
        /// The column.
        column: String,
        /// What was wrong with it.
        why: String,
    },
    /// A job's lease ended and somebody else has the job now: what was done for it must not land.
    #[error("the lease on {0} is no longer held")]
    LeaseLost(domain::JobId),
    /// A statement was given too few or too many values. A fault of ours.
    #[error("a statement wants {wanted} values and was given {given}: {text}")]
    Arity {
        /// The statement.
        text: &'static str,
        /// How many it wants.
        wanted: usize,
        /// How many it got.
        given: usize,
    },
    /// A sealed value did not open.
    #[error("a sealed value does not open: {0}")]
    Sealed(#[from] domain::seal::SealError),
    /// Anything else that the database refused.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
}

impl Fault for StoreError {
    fn code(&self) -> &'static str {
        match self {
            StoreError::Unavailable(_) => AWAY,
            StoreError::Busy(_) => "store.busy",
            StoreError::Full(_) => "store.full",
            StoreError::Conflict(_) | StoreError::LeaseLost(_) => "store.conflict",
            StoreError::Unreadable { .. }
            | StoreError::Arity { .. }
            | StoreError::Sealed(_)
            | StoreError::Refused(_) => "internal",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => match refusal.code().as_deref().map(shortened).as_deref() {
                // SQLITE_FULL; disk_full.
                Some("13" | "53100") => StoreError::Full(error),
                // SQLITE_BUSY, SQLITE_LOCKED; lock_not_available, query_canceled, deadlock, serialization.
                Some("5" | "6" | "55P03" | "57014" | "40P01" | "40001") => StoreError::Busy(error),
                // SQLITE_CANTOPEN, SQLITE_IOERR; shutdown, too_many_connections, connection lost.
                Some("14" | "10" | "57P01" | "57P02" | "57P03" | "53300" | "08006" | "08003" | "08001") => {
                    StoreError::Unavailable(error)
                }
                _ if refusal.is_unique_violation() || refusal.is_foreign_key_violation() => {
                    StoreError::Conflict(error)
                }
                _ => StoreError::Refused(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error),
            sqlx::Error::PoolTimedOut => StoreError::Busy(error),
            sqlx::Error::ColumnDecode { index, source } => {
                StoreError::Unreadable { column: index.clone(), why: source.to_string() }
            }
            _ => StoreError::Refused(error),
        }
    }
}

/// SQLite adds detail in the higher bits of its numbers; PostgreSQL's codes have five places.
fn shortened(code: &str) -> String {
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => (number & 0xff).to_string(),
        _ => code.to_owned(),
    }
}
