//! The narrow waist between the rooms and every SQL database.
//!
//! A room hands a permit and a closure to [`Store::read`] or [`Store::write`] and gets the closure's
//! result. What the closure does lands together with its audit lines, events and counts, or not at all.
//! Statements are written with [`sql!`], which refuses text that never names the tenant; `$1` is the
//! tenant, bound by the waist and by nobody else.
//!
//! One SQL text runs on SQLite and on PostgreSQL; only `engine` and `migrate` know which.
//!
//! Unscoped are only `directory.rs`, which answers the warden's few questions, and the operator's
//! transactions over the platform's own rows; on PostgreSQL both run under a role of their own.

mod api_keys;
pub mod audit;
pub mod backup;
mod checkup;
mod directory;
mod engine;
mod error;
mod feed;
mod jobs;
mod keyring;
mod meters;
pub mod migrate;
mod operator;
mod person;
mod providers;
mod rates;
mod row;
mod sql;
mod sweep;
mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
mod touch;

pub use api_keys::key_changed;
pub use checkup::ActiveConnection;
pub use directory::{SharedProvider, StoreDirectory};
pub use engine::{Database, Engine, Patience};
pub use error::StoreError;
pub use feed::{Feed, News, Position};
pub use jobs::{JobFacts, JobFate, JobSettings};
pub use keyring::{ApiKeySecret, Keyring, PlatformKey};
pub use meters::{Counted, CountedOfOne, SubscriberTotal, Total, Usage};
pub use operator::{OperatorRead, OperatorWrite};
pub use person::{PersonRead, PersonWrite};
pub use providers::ProviderDue;
pub use rates::{Drained, RateShare};
pub use row::{FromRow, Row, Value};
pub use sql::{OperatorSql, PersonSql, Sql};
pub use sweep::Retention;
pub use tenant::{TenantRead, TenantWrite};

use domain::{Chance, Clock, MasterKey, TenantId};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// The way to the database.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    pub(crate) tools: Arc<Tools>,
    pub(crate) jobs: JobSettings,
    pub(crate) retention: Retention,
    pub(crate) alerts: audit::AlertRule,
}

/// What every transaction carries with it.
pub(crate) struct Tools {
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) master: MasterKey,
    pub(crate) bell: Notify,
    pub(crate) house: OnceLock<TenantId>,
}

impl Store {
    /// A store over an open database. Personal values, secrets and keys are sealed under `master`.
    pub fn new(engine: Engine, clock: Clock, chance: Chance, master: MasterKey) -> Self {
        Store {
            engine,
            tools: Arc::new(Tools { clock, chance, master, bell: Notify::new(), house: OnceLock::new() }),
            jobs: JobSettings::default(),
            retention: Retention::default(),
            alerts: audit::AlertRule::default(),
        }
    }

    /// The same store with other lifetimes of jobs.
    pub fn with_job_settings(mut self, jobs: JobSettings) -> Self {
        self.jobs = jobs;
        self
    }

    /// The same store, keeping what has ended for other times.
    pub fn with_retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// The same store with another rule for alerts.
    pub fn with_alerts(mut self, alerts: audit::AlertRule) -> Self {
        self.alerts = alerts;
        self
    }

    /// What answers the warden's questions.
    pub fn directory(&self) -> StoreDirectory {
        StoreDirectory::new(self.clone())
    }

    /// Waits until something on this node told an event or queued a job. Other nodes ring through the database,
    /// while a feed is open.
    pub async fn bell(&self) {
        self.tools.bell.notified().await;
    }

    fn ring_here(&self, news: bool) {
        if news {
            self.tools.bell.notify_waiters();
        }
    }

    /// The database's engine, for upkeep that concerns the file or the server itself.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The clock that stamps every transaction.
    pub fn clock(&self) -> &Clock {
        &self.tools.clock
    }

    /// The randomness that ids and secrets are made of.
    pub fn chance(&self) -> &Chance {
        &self.tools.chance
    }

    /// The master key, for what is sealed at rest.
    pub fn master(&self) -> &MasterKey {
        &self.tools.master
    }
}
