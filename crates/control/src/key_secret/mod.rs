//! The secret that signed API keys are made under. It can be rolled; keys under the one before are believed for a
//! while longer.
//!
//! Tells others `keys.changed`.

pub(crate) mod http;
mod roll;
#[cfg(test)]
mod tests;

pub use roll::roll;

use domain::Fault;
use std::time::Duration;
use store::StoreError;

/// The longest that keys under an earlier secret are believed: a hundred years, which is for ever.
pub const MOST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Keys under the one before would be believed for too long.
    #[error("keys under the earlier secret can be believed for at most 36500 days")]
    Overlap,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SecretError {
    fn code(&self) -> &'static str {
        match self {
            SecretError::Overlap => "input.invalid",
            SecretError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, SecretError::Overlap).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, SecretError::Overlap).then_some("overlap_seconds")
    }
}
