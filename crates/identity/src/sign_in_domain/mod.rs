//! Sign-in domains: by which connection the people of a proved domain come, and whether they may come by no other.
//!
//! That a domain is the tenant's is proved elsewhere, in one place for all its uses; here a proof is only read. An address
//! at a domain that is not proved, or no more, says nothing about who somebody is: it is shown and not relied upon.
//!
//! Nobody is recognised by an address here either. A domain leads to a way in, and what is said there is checked as ever.
//!
//! Tells others `connection.changed`.

mod address;
mod bind;
mod check;
pub(crate) mod http;
mod list;
pub(crate) mod pages;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
mod unbind;

pub(crate) use address::domain_of;
pub use bind::bind;
pub(crate) use check::check;
pub use list::{SignInDomain, Way, list};
pub use unbind::unbind;

use domain::Fault;
use store::StoreError;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum SignInDomainError {
    /// The tenant has not proved it, or has bound nothing to it.
    #[error("the tenant has no such domain")]
    Unknown,
    /// There is no such connection.
    #[error("there is no such connection")]
    UnknownConnection,
    /// The connection is not in use.
    #[error("the connection is not in use")]
    NotInUse,
    /// The caller would lock themselves out.
    #[error("the caller has an address there and came by another connection")]
    Unconfirmed,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every code of ours, for the test that looks them up in the catalogue.
#[cfg(test)]
pub(crate) const CODES: &[&str] = &["sign-in-domain.not-in-use", "sign-in-domain.unconfirmed"];

impl Fault for SignInDomainError {
    fn code(&self) -> &'static str {
        match self {
            SignInDomainError::Unknown => "item.unknown",
            SignInDomainError::UnknownConnection => "input.invalid",
            SignInDomainError::NotInUse => "sign-in-domain.not-in-use",
            SignInDomainError::Unconfirmed => "sign-in-domain.unconfirmed",
            SignInDomainError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            SignInDomainError::UnknownConnection => Some("There is no such connection.".to_owned()),
            _ => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            SignInDomainError::UnknownConnection | SignInDomainError::NotInUse => Some("connection"),
            SignInDomainError::Unconfirmed => Some("confirm"),
            SignInDomainError::Unknown | SignInDomainError::Store(_) => None,
        }
    }
}
