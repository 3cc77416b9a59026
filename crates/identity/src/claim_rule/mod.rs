//! Claim rules of a connection: what of a provider's words a tenant keeps, and which roles they give. The engine is
//! [`protocol::claims`]; here rules are set by the tenant's admin, tried on claims without anybody being let in, and
//! applied wherever somebody comes in, whatever the provider speaks.
//!
//! Roles that rules give are given and taken at each sign-in and carry the connection as their source. Roles that an
//! admin gave stay, and the platform's own are never given. What a trial brought is kept sealed for an hour, so that
//! rules can be tried on it.
//!
//! Tells others `connection.changed`.

mod apply;
pub(crate) mod http;
mod keep;
pub(crate) mod pages;
mod read;
pub(crate) mod rows;
mod set;
#[cfg(test)]
mod tests;
mod try_out;

pub(crate) use apply::{Ruled, ruled, wants_more};
pub(crate) use keep::keep;
pub use read::{Held, read};
pub use set::set;
pub use try_out::{Sample, TriedOut, try_out};

use crate::connection::ConnectionError;
use domain::{ConnectionId, Fault, RoleName};
use protocol::claims::BadRule;
use store::StoreError;

/// As whose gift roles stand that this connection's rules gave.
pub(crate) fn source_of(connection: ConnectionId) -> String {
    format!("rules:{connection}")
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The list is wrong.
    #[error("{0}")]
    Bad(#[from] BadRule),
    /// A rule gives what is no role of the application.
    #[error("rule {rule} gives {role}, which is no role of the application")]
    UnknownRole {
        /// Which rule, counted from 1.
        rule: usize,
        /// Which role.
        role: RoleName,
    },
    /// People are told apart otherwise, and some are known already.
    #[error("how people are told apart is settled when a connection goes into use")]
    Settled,
    /// The sample cannot be read.
    #[error("{0}")]
    Sample(&'static str),
    /// There is no trial whose claims are kept.
    #[error("no claims of a trial are kept")]
    NoTrial,
    /// As of connections.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every code of ours, for the test that looks them up in the catalogue.
#[cfg(test)]
pub(crate) const CODES: &[&str] = &["claim-rule.invalid", "claim-rule.settled", "claim-rule.no-trial"];

impl Fault for RulesError {
    fn code(&self) -> &'static str {
        match self {
            RulesError::Bad(_) | RulesError::UnknownRole { .. } => "claim-rule.invalid",
            RulesError::Settled => "claim-rule.settled",
            RulesError::Sample(_) => "input.invalid",
            RulesError::NoTrial => "claim-rule.no-trial",
            RulesError::Connection(error) => error.code(),
            RulesError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            RulesError::Bad(BadRule { rule: None, what }) => Some(what.clone()),
            RulesError::Bad(BadRule { rule: Some(rule), what }) => Some(format!("Rule {rule}: {what}")),
            RulesError::UnknownRole { rule, role } => {
                Some(format!("Rule {rule}: The application has no role {role}."))
            }
            RulesError::Sample(why) => Some((*why).to_owned()),
            RulesError::Connection(error) => error.detail(),
            RulesError::Settled | RulesError::NoTrial | RulesError::Store(_) => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            RulesError::Bad(_) | RulesError::UnknownRole { .. } | RulesError::Settled => Some("rules"),
            RulesError::Sample(_) | RulesError::NoTrial => Some("claims"),
            RulesError::Connection(error) => error.place(),
            RulesError::Store(_) => None,
        }
    }
}
