//! Scopes: what an API key may be good for, in the operator's own words. Routes ask for them, and no key has one
//! that is not declared here: a word that nobody declared would be a slip.
//!
//! Tells others `deployment.changed`. A key keeps its scopes when one is no longer declared.

pub(crate) mod http;
pub(crate) mod pages;
mod put;
mod read;
mod rows;

pub use put::{add, put, remove};
pub use read::{load, read};

use domain::{Fault, ScopeName};
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;

/// A scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its name, as routes and keys have it.
    #[schema(value_type = String)]
    pub name: ScopeName,
    /// What it opens, in a sentence.
    #[serde(default)]
    pub about: String,
}

/// How many scopes there may be.
pub const MOST: usize = 500;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// One stands there twice.
    #[error("`{0}` stands there twice")]
    Twice(ScopeName),
    /// There are too many, or what one is about is too long.
    #[error("there may be {MOST} scopes, each with at most 500 characters of what it is about")]
    TooMuch,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ScopeError {
    fn code(&self) -> &'static str {
        match self {
            ScopeError::Twice(_) | ScopeError::TooMuch => "input.invalid",
            ScopeError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        (!matches!(self, ScopeError::Store(_))).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        Some("scopes")
    }
}

#[cfg(test)]
mod tests;
