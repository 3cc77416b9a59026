//! Maintenance: for a while a tenant's application is being worked on. Browsers get a page in the tenant's name that
//! comes back by itself, programs are told when to come back, and the console stays open, so that an admin can end
//! it. It ends by itself, too.
//!
//! Tells others `tenant.changed`.

pub(crate) mod http;
mod set;

pub use set::set;

use domain::{Fault, Moment};
use std::time::Duration;
use store::StoreError;

/// The longest that maintenance may take, and the furthest ahead that it may be planned.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Moment,
    /// When it ends at the latest.
    pub until: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The end is over already, before the beginning, or too far off.
    #[error("maintenance ends after it has begun, in the future, and within seven days")]
    Span,
    /// The settings are not there: the tenant is gone.
    #[error("the tenant has no settings")]
    Gone,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for MaintenanceError {
    fn code(&self) -> &'static str {
        match self {
            MaintenanceError::Span => "input.invalid",
            MaintenanceError::Gone => "item.unknown",
            MaintenanceError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, MaintenanceError::Span).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, MaintenanceError::Span).then_some("until")
    }
}

#[cfg(test)]
mod tests;
