//! The context reader: tells a backend which tenant and which user a request is for.
//!
//! Partywall puts two headers on every request it forwards. `Partywall-Context` is a signed token that
//! says who calls and in which tenant; `Partywall-Proof` shows that this very request came through the
//! gateway within the last seconds. [`Reader::read`] checks both and gives a [`Context`], or says why not
//! as a [`ContextError`]. With the feature `axum`, [`Context`] is an extractor, and a handler that takes
//! one cannot run without it.
//!
//! It owns the rules of reading. It never decides what a user may do: that is the backend's business,
//! with the roles it finds in the context. It never trusts a header that the token does not confirm.

mod context;
mod error;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "fetch")]
mod fetch;
mod keys;
mod proof;
mod reader;
mod replay;
mod token;

pub use context::{Context, Device, Subscriber, Tenant, User, Workload};
pub use error::{ConfigError, ContextError};
#[cfg(feature = "axum")]
pub use extract::ContextRejection;
pub use keys::{FetchError, KeySource};
pub use reader::{Reader, ReaderConfig};

/// How far, in seconds, the gateway's clock and ours may differ, and how old a proof may be.
pub const TOLERANCE: i64 = 10;
