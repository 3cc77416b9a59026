//! Operator tokens: what scripts and the command line present. Each has a name, one of two rights and an
//! end; only its hash is kept, so it is shown once.
//!
//! Tells others `tokens.changed`. A token opens no tenant, and no token makes another: somebody who finds
//! one has it until it ends and not a day longer.

mod create;
mod end;
pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod rows;

pub use create::{Made, create};
pub use end::end;
pub use list::list;

use domain::{DisplayName, Fault, Moment, TokenId};
use std::{fmt, str::FromStr};
use store::StoreError;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id, by which the audit trail names it.
    pub id: TokenId,
    /// Its name.
    pub name: DisplayName,
    /// What it may do.
    pub rights: Rights,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends or ended.
    pub ends_at: Moment,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Look at the platform.
    Read,
    /// Change it too.
    Manage,
}

impl Rights {
    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Rights::Read => "read",
            Rights::Manage => "manage",
        }
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no right of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token's right is `read` or `manage`")]
pub struct BadRight;

impl FromStr for Rights {
    type Err = BadRight;
    fn from_str(text: &str) -> Result<Self, BadRight> {
        match text {
            "read" => Ok(Rights::Read),
            "manage" => Ok(Rights::Manage),
            _ => Err(BadRight),
        }
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token, or it has ended.
    #[error("there is no such token, or it has ended")]
    Unknown,
    /// It would live too long, or not at all.
    #[error("a token lives for 1 to {days} days")]
    Life {
        /// The most.
        days: u64,
    },
    /// A token asked for a token.
    #[error("a token cannot make tokens; sign in, or use the machine's own command line")]
    ByToken,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for TokenError {
    fn code(&self) -> &'static str {
        match self {
            TokenError::Unknown => "item.unknown",
            TokenError::Life { .. } => "input.invalid",
            TokenError::ByToken => "action.forbidden",
            TokenError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, TokenError::Life { .. } | TokenError::ByToken).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        matches!(self, TokenError::Life { .. }).then_some("days")
    }
}

#[cfg(test)]
mod tests;
