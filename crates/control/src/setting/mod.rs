//! A tenant's own settings: whether strangers may see its sign-in page, and how long sessions live, from
//! where one may ask.
//!
//! Tells others `tenant.changed`. A changed span holds for sessions that begin afterwards.

mod change;
pub(crate) mod http;
pub(crate) mod pages;
mod read;
mod rows;

pub use change::{Changes, change};
pub use read::read;

use domain::{Fault, Moment, Network};
use std::{ops::RangeInclusive, time::Duration};
use store::StoreError;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a session may live without being used.
pub const IDLE: RangeInclusive<Duration> = MINUTE.saturating_mul(5)..=DAY.saturating_mul(14);
/// How long a session may live at most.
pub const LIFE: RangeInclusive<Duration> = MINUTE.saturating_mul(15)..=DAY.saturating_mul(30);

/// For how many days an API key may live or go unused.
pub const KEY_DAYS: RangeInclusive<u64> = 0..=36_500;

/// How many networks a tenant may name.
pub const MOST_NETWORKS: usize = 100;

/// A tenant's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether strangers may see the sign-in page.
    pub published: bool,
    /// How long a session lives without being used.
    pub session_idle: Duration,
    /// How long a session lives at most.
    pub session_life: Duration,
    /// For how many days an API key may live at most; 0 leaves it to the plan.
    pub key_days: u64,
    /// After how many days without use an API key is switched off; 0 leaves it to the plan.
    pub key_unused_days: u64,
    /// From where its people and programs may ask the application; from anywhere if there are none.
    pub networks: Vec<Network>,
    /// Whether API keys are good for nothing but being exchanged for tokens.
    pub exchanges_keys: bool,
    /// When they last changed.
    pub changed_at: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The idle end is out of bounds.
    #[error("a session may go unused for 5 minutes to 14 days")]
    Idle,
    /// The absolute end is out of bounds.
    #[error("a session may live for 15 minutes to 30 days")]
    Life,
    /// A session would end before it has gone unused for long enough to end.
    #[error("a session cannot go unused for longer than it may live")]
    IdleBeyondLife,
    /// A span of API keys is out of bounds.
    #[error("API keys may live, and go unused, for 1 to 36500 days; 0 leaves it to the plan")]
    KeyDays,
    /// There are more networks than are looked through for a request.
    #[error("there may be {MOST_NETWORKS} networks")]
    Networks,
    /// The settings are not there: the tenant is gone.
    #[error("the tenant has no settings")]
    Gone,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SettingError {
    fn code(&self) -> &'static str {
        match self {
            SettingError::Idle
            | SettingError::Life
            | SettingError::IdleBeyondLife
            | SettingError::KeyDays
            | SettingError::Networks => "input.invalid",
            SettingError::Gone => "item.unknown",
            SettingError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        (self.code() == "input.invalid").then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            SettingError::Idle | SettingError::IdleBeyondLife => Some("session_idle"),
            SettingError::Life => Some("session_life"),
            SettingError::KeyDays => Some("key_days"),
            SettingError::Networks => Some("networks"),
            SettingError::Gone | SettingError::Store(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
