//! Background jobs as operators see them: which wait, which are under way, and which were tried so often that
//! nobody tries them any more. Those are revived or dropped here; nothing else is done to a job by hand.

pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod remove;
mod retry;

#[cfg(test)]
mod tests;

pub use list::{Which, list};
pub use remove::remove;
pub use retry::retry;
pub use store::JobFacts;

use domain::Fault;
use serde_json::{Value, json};
use store::StoreError;

/// In which way the caller can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is no dead job of this id.
    #[error("there is no dead job of this id")]
    NotDead,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for JobError {
    fn code(&self) -> &'static str {
        match self {
            JobError::NotDead => "item.unknown",
            JobError::Store(error) => error.code(),
        }
    }
}

/// What the audit trails say of a job.
fn told(job: &JobFacts) -> Value {
    let JobFacts { kind, class, standing, tries, failure, .. } = job;
    json!({ "kind": kind, "class": class, "standing": standing, "tries": tries, "failure": failure })
}
