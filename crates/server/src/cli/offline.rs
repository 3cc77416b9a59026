//! The commands that open the database themselves: migrate, backup, restore.

use super::Outcome;
use crate::{config::Config, keys};
use access::Warden;
use clap::Args;
use domain::{Chance, Clock};
use std::path::PathBuf;
use store::{Database, Engine, Store, backup::Stale, migrate as schema};

/// Brings the schema to this release's version.
pub(super) async fn migrate(config: &Config) -> Outcome {
    let engine = open(config).await?;
    let taken = schema::migrate(&engine, &Clock::System).await.map_err(|error| error.to_string())?;
    match taken.as_slice() {
        [] => say!("the database is at version {} already", schema::known_version()),
        steps => {
            say!("applied: {}; the database is at version {}", steps.join(", "), schema::known_version())
        }
    }
    Ok(())
}

/// Write everything but the master key into a directory.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// A directory that is not there yet.
    to: PathBuf,
}

/// Fill an empty database from a backup.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The directory that `backup` wrote.
    from: PathBuf,
    /// Let sessions, hand-overs, unused one-time links and operator tokens live on: those that ended since the
    /// backup live again too.
    #[arg(long)]
    keep_sessions: bool,
}

impl Backup {
    pub(super) async fn run(&self, config: &Config) -> Outcome {
        let store = store(config).await?;
        let written = store::backup::write(&store, &self.to).await.map_err(|error| error.to_string())?;
        say!("{} rows of {} tables are in {}", written.rows, written.tables, self.to.display());
        say!(
            "The master key is not among them. Keep {} apart, and safe: without it nothing opens.",
            config.master_key.file.display()
        );
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(&self, config: &Config) -> Outcome {
        let store = store(config).await?;
        schema::migrate(store.engine(), &Clock::System).await.map_err(|error| error.to_string())?;
        let stale = if self.keep_sessions { Stale::Lives } else { Stale::Ends };
        let read =
            store::backup::restore(&store, &self.from, stale).await.map_err(|error| error.to_string())?;
        let back = read.rows - read.ended;
        say!("{back} rows of {} tables are back", read.tables);
        if !self.keep_sessions {
            say!("{} sessions, operator tokens and unused links ended: everybody signs in anew.", read.ended);
        }
        say!("API keys and members that were ended since the backup work again: go through them now.");
        Ok(())
    }
}

async fn open(config: &Config) -> Result<Engine, String> {
    if let Database::Sqlite(file) = &config.database
        && let Some(directory) = file.parent()
    {
        crate::assemble::make_directory(directory)?;
    }
    Engine::open(&config.database).await.map_err(|error| format!("database.url: {error}"))
}

/// The store of this installation, for commands that need no node.
pub(super) async fn store(config: &Config) -> Result<Store, String> {
    let chance = Chance::system();
    let master = keys::master_key(&config.master_key, false, &chance)?;
    Ok(Store::new(open(config).await?, Clock::System, chance, master))
}

/// A warden without tenants: enough for the platform's own work.
pub(super) fn warden(store: &Store) -> Warden {
    crate::assemble::bare_warden(store)
}
