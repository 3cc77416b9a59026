//! Subscriptions: which products a tenant has, for everybody in it or for one of its subscribers. Its admins subscribe
//! and cancel; both hold on every node within seconds.
//!
//! Tells others `tenant.changed`.

mod cancel;
pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod rows;
mod subscribe;

pub use cancel::cancel;
pub use list::{Offered, list, offered};
pub use subscribe::subscribe;

use domain::{Fault, Moment, ProductName, SubscriberId};
use store::StoreError;

/// How many subscriptions a tenant may have.
pub const MOST: i64 = 1_000;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The product.
    pub product: ProductName,
    /// For whom within the tenant; for everybody if nobody is named.
    pub subscriber: Option<SubscriberId>,
    /// What that one is called.
    pub subscriber_name: String,
    /// Since when.
    pub created_at: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// There is no such product, or it cannot be had.
    #[error("there is no published product of this name")]
    NoProduct,
    /// The tenant's plan does not switch on what the product needs.
    #[error("the plan does not switch on `{0}`, which this product needs")]
    NotInPlan(String),
    /// There is no such subscriber.
    #[error("the tenant has no such subscriber")]
    NoSubscriber,
    /// There are too many.
    #[error("there may be {MOST} subscriptions")]
    TooMany,
    /// There is no such subscription.
    #[error("there is no such subscription")]
    Unknown,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SubscriptionError {
    fn code(&self) -> &'static str {
        match self {
            SubscriptionError::NoProduct | SubscriptionError::NoSubscriber => "input.invalid",
            SubscriptionError::NotInPlan(_) | SubscriptionError::TooMany => "plan.limit",
            SubscriptionError::Unknown => "item.unknown",
            SubscriptionError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            SubscriptionError::Unknown | SubscriptionError::Store(_) => None,
            _ => Some(self.to_string()),
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            SubscriptionError::NoProduct | SubscriptionError::NotInPlan(_) => Some("product"),
            SubscriptionError::NoSubscriber => Some("subscriber"),
            _ => None,
        }
    }
}

/// What an audit line says of a subscription.
fn facts(subscriber: Option<SubscriberId>) -> serde_json::Value {
    serde_json::json!({ "subscriber": subscriber.map(|subscriber| subscriber.to_string()) })
}

#[cfg(test)]
mod tests;
