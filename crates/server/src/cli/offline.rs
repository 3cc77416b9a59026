//! The commands that open the database themselves: migrate, backup, restore.

use super::Outcome;
use crate::{config::Config, keys};
use access::Warden;
use clap::Args;
use domain::{Chance, Clock};
use std::path::PathBuf;
use store::{Database, Engine, Store, migrate as schema};

/// Brings the schema to this release's version.
pub(super) async fn migrate(config: &Config) -> Outcome {
    let engine = open(config).await?;
    let taken = schema::migrate(&engine, &Clock::System).await.map_err(|error| error.to_string())?;
    match taken.as_slice() {
        [] => println!("the database is at version {} already", schema::known_version()),
        steps => {
            println!("applied: {}; the database is at version {}", steps.join(", "), schema::known_version())
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
}

impl Backup {
    pub(super) async fn run(&self, config: &Config) -> Outcome {
        let store = store(config).await?;
        let written = store::backup::write(&store, &self.to).await.map_err(|error| error.to_string())?;
        println!("{} rows of {} tables are in {}", written.rows, written.tables, self.to.display());
        println!(
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
        let read = store::backup::restore(&store, &self.from).await.map_err(|error| error.to_string())?;
        println!("{} rows of {} tables are back", read.rows, read.tables);
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
