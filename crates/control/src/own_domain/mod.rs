//! Tenants' own domains: a tenant's admin claims a name, proves it by a record in the DNS or a file on its web
//! server, and from then on requests to it are the tenant's. The proof is looked at again and again; who loses it
//! is warned, and after a while the name is let go.
//!
//! A claim says nothing about who else has the name: it is the tenant's alone, and everybody may make one. A name
//! is held by whoever proved it first, and rests when it is given back, so that a record left lying in the DNS lets
//! nobody else in: it shows a token that was made for one tenant and one name.
//!
//! Tells others `domain.changed`, and `tenant.changed` when the names that are mapped change.

mod check;
mod claim;
mod consumer;
mod hold;
pub(crate) mod http;
mod list;
mod look_after;
mod name;
pub(crate) mod pages;
mod prove;
mod remove;
pub(crate) mod rows;
mod secured;

pub use check::check;
pub use claim::claim;
pub use list::{find, list};
pub use look_after::{due, look_after};
pub use prove::{FromAfar, Missing, NoProof, Prove, Proving};
pub use remove::remove;
pub use rows::Due;

use domain::{Fault, Hostname, Moment, NameError};
use std::{fmt, str::FromStr};
use store::StoreError;

/// What the record lies under.
pub const RECORD: &str = "_partywall-challenge";
/// Where the file lies.
pub const FILES: &str = "/.well-known/partywall-challenge/";
/// What the token is written behind, so that whoever finds it knows what it is for.
const TOKEN_KEY: &str = "partywall-challenge=";

/// A name that a tenant has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDomain {
    /// The name.
    pub host: Hostname,
    /// What it is for.
    pub serves: Serves,
    /// What the proof must show: made for this tenant and this name.
    pub token: String,
    /// How it stands.
    pub standing: Standing,
    /// By what it was proved, if it was.
    pub proof: Option<Proof>,
    /// What the last look missed; empty if it found the proof, or there was none.
    pub fault: String,
    /// When it was claimed.
    pub created_at: Moment,
    /// When the proof was looked for last; never if not yet.
    pub checked_at: Moment,
    /// When it was found last.
    pub proved_at: Moment,
    /// Since when it is missing, if it was there.
    pub lost_at: Moment,
    /// When something happens by itself: the next look, or the end of a claim that was never proved.
    pub due_at: Moment,
}

impl OwnDomain {
    /// The name of the record that proves it.
    pub fn record(&self) -> String {
        format!("{RECORD}.{}", self.host)
    }

    /// What the record says, and all that the file holds.
    pub fn value(&self) -> String {
        format!("{TOKEN_KEY}{}", self.token)
    }

    /// The address of the file that proves it.
    pub fn file(&self) -> String {
        format!("https://{}{FILES}{}", self.host, self.token)
    }
}

/// What a name is for, once it is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serves {
    /// Requests to it are the tenant's, and so are the addresses of its people.
    #[default]
    Requests,
    /// The addresses of its people alone: where the name leads is left as it is.
    People,
}

impl Serves {
    /// Its name in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Serves::Requests => "requests",
            Serves::People => "people",
        }
    }
}

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not proved yet; it maps nothing.
    Pending,
    /// Proved; requests to the name are the tenant's.
    Active,
    /// It maps still, but the proof is missing and it will not for long.
    Warned,
    /// The proof was missing for too long; it maps nothing until it is proved anew.
    Inactive,
}

impl Standing {
    const ALL: [Standing; 4] = [Standing::Pending, Standing::Active, Standing::Warned, Standing::Inactive];

    /// Its name in columns, in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Pending => "pending",
            Standing::Active => "active",
            Standing::Warned => "warned",
            Standing::Inactive => "inactive",
        }
    }

    /// Whether the name is the tenant's, and requests to it, where it is for requests.
    pub const fn maps(self) -> bool {
        matches!(self, Standing::Active | Standing::Warned)
    }
}

impl FromStr for Standing {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let named = Self::ALL.into_iter().find(|standing| standing.name() == text);
        named.ok_or(NameError("a claim is pending, active, warned or inactive"))
    }
}

/// By what a name was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A TXT record.
    Dns,
    /// A file on the web server.
    Http,
}

impl Proof {
    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Dns => "dns",
            Proof::Http => "http",
        }
    }

    /// The one of this name.
    fn named(name: &str) -> Option<Self> {
        [Proof::Dns, Proof::Http].into_iter().find(|proof| proof.name() == name)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum OwnDomainError {
    /// The tenant has claimed no such name.
    #[error("the tenant has claimed no such name")]
    Unknown,
    /// The text is no name that anybody could claim.
    #[error("{0}")]
    Name(&'static str),
    /// The name is the platform's own.
    #[error("the name belongs to the platform")]
    Reserved,
    /// It was proved for the other use.
    #[error("the name is claimed for {0}; give it back first")]
    OtherUse(&'static str),
    /// So many claims wait to be proved as the plan allows.
    #[error("the plan allows {most} claims that are not proved")]
    TooManyPending {
        /// How many it allows.
        most: u64,
    },
    /// So many names are mapped as the plan allows.
    #[error("the plan allows {most} hostnames")]
    PlanLimit {
        /// How many it allows.
        most: u64,
    },
    /// Proved, but somebody else holds the name, or one above it, or it rests.
    #[error("the name is proved, but cannot be used yet")]
    Held,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for OwnDomainError {
    fn code(&self) -> &'static str {
        match self {
            OwnDomainError::Unknown => "item.unknown",
            OwnDomainError::Name(_) => "input.invalid",
            OwnDomainError::Reserved => "hostname.reserved",
            OwnDomainError::TooManyPending { .. } | OwnDomainError::PlanLimit { .. } => "plan.limit",
            OwnDomainError::OtherUse(_) => "input.invalid",
            OwnDomainError::Held => "domain.held",
            OwnDomainError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            OwnDomainError::Name(_)
            | OwnDomainError::OtherUse(_)
            | OwnDomainError::TooManyPending { .. }
            | OwnDomainError::PlanLimit { .. } => Some(self.to_string()),
            _ => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            OwnDomainError::Unknown | OwnDomainError::Store(_) => None,
            _ => Some("host"),
        }
    }
}

#[cfg(test)]
mod tests;
