//! Subscribers: the programs and partners of a tenant that call with API keys, each by a name of its own and with
//! somebody to write to. A key without one would be nobody's when it leaks.

mod create;
pub(crate) mod http;
mod list;
pub(crate) mod rows;
mod usage;

pub use create::create;
pub use list::list;
pub use usage::{Usage, usage};

use domain::{DisplayName, EmailAddress, Fault, Moment, SubscriberId};
use store::StoreError;

/// A subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub id: SubscriberId,
    /// Its name, which no other in the tenant has.
    pub name: DisplayName,
    /// Whom to write to.
    pub contact: EmailAddress,
    /// Since when there is one.
    pub created_at: Moment,
}

/// How many subscribers a tenant may have.
pub const MOST: i64 = 10_000;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// Another has this name.
    #[error("the tenant has a subscriber of this name")]
    Exists,
    /// The tenant has as many as it may have.
    #[error("the tenant has {MOST} subscribers")]
    TooMany,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SubscriberError {
    fn code(&self) -> &'static str {
        match self {
            SubscriberError::Exists => "name.taken",
            SubscriberError::TooMany => "plan.limit",
            SubscriberError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, SubscriberError::TooMany).then(|| format!("There may be {MOST} subscribers."))
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, SubscriberError::Exists).then_some("name")
    }
}
