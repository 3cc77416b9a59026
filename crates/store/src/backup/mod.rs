//! Backup and restore: everything in the database but the master key, in a directory of JSON lines.
//!
//! One snapshot of all tables, taken while the product goes on working. The form knows nothing of the
//! engine, so that what one wrote the other can read. The manifest names every file with its SHA-256 and is
//! itself sealed under the master key: an altered backup and a wrong key are both refused before the first
//! row. A restore fills an empty database in one transaction, or leaves it empty.
//!
//! Sealed values stay sealed. Whoever has a backup and no master key reads no secret and no personal value.

mod manifest;
mod restore;
mod stale;
mod write;

pub use restore::restore;
pub use stale::Stale;
pub use write::write;

use crate::StoreError;
use std::path::PathBuf;

/// How much was written or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tables.
    pub tables: usize,
    /// Rows.
    pub rows: u64,
    /// Of these, those that ended at the restore because they may have ended before.
    pub ended: u64,
}

/// A backup cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be written or read.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// The directory is there already.
    #[error("{} is there already; a backup is written to a directory of its own", .0.display())]
    Exists(PathBuf),
    /// The manifest cannot be understood.
    #[error("the manifest cannot be understood: {0}")]
    Manifest(String),
    /// The backup was written by a release with another schema.
    #[error(
        "the backup is of schema version {at}, this release knows {known}; restore it with the release that \
         wrote it, then migrate"
    )]
    Version {
        /// The backup's.
        at: i64,
        /// This release's.
        known: i64,
    },
    /// The backup was sealed under another master key.
    #[error("the backup was written under another master key; give the one that was kept apart from it")]
    WrongMasterKey,
    /// A file is not what was written.
    #[error("{0} is not what was written: the backup was damaged or altered")]
    Altered(String),
    /// The database to restore into holds something.
    #[error("the table {0} of the database is not empty; restore only into an empty database")]
    NotEmpty(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn at(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::File { path, why }
}
