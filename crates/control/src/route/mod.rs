//! The gateway's routes: one document, put whole. Whether it is sound is for the gateway to say; a document
//! that is not is refused, and the one before goes on.
//!
//! Tells others `deployment.changed`.

pub(crate) mod http;
pub(crate) mod pages;
mod put;
mod read;
mod rehearse;
mod rows;

pub use put::put;
pub use read::{load, read};
pub(crate) use rehearse::nobody;
pub use rehearse::{Played, Rehearse, Rehearsed, RehearsedStep, SampleRequest, rehearse};
pub(crate) use rows::find;

use domain::{Fault, Moment};
use serde_json::Value;
use std::sync::Arc;
use store::StoreError;

/// The routes' document as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// The document, in the gateway's words.
    pub document: Value,
    /// When it was put.
    pub changed_at: Moment,
}

/// What says whether a document of routes is sound; if not, everything that is wrong with it. `server`
/// hands it in, because rooms do not know each other.
pub type RouteCheck = Arc<dyn Fn(&Value) -> Result<(), Vec<String>> + Send + Sync>;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The document is not sound.
    #[error("the routes are refused: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RouteError {
    fn code(&self) -> &'static str {
        match self {
            RouteError::Refused(_) => "input.invalid",
            RouteError::Store(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
