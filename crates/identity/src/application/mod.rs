//! Applications: the relying parties, the operator's own and third parties', that receive our tokens. The operator
//! registers one, in the words of RFC 7591; a tenant's admin puts one into use for everybody there, with stated scopes,
//! unless the operator says that all tenants have it.
//!
//! Tells others `application.changed`, and `grant.ended` when a tenant withdraws. Keeps of a client secret its hash.

mod add;
mod bind;
mod change;
mod check;
pub(crate) mod consent;
pub(crate) mod http;
mod load;
pub(crate) mod metadata;
pub(crate) mod pages;
mod redirect;
mod remove;
mod renew;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

pub use add::{Added, add};
pub use bind::{From as BindFrom, bind};
pub use change::change;
pub use consent::{Consent, consent, in_use, withdraw};
pub use load::{Applications, load};
pub use metadata::{AuthMethod, GrantType, Metadata, Reach};
pub use remove::remove;
pub use renew::renew;

use domain::{ApplicationId, Digest, Fault, Moment, ScopeName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::StoreError;

/// How many there may be; every node holds them in memory.
pub const MOST: usize = 1_000;

/// A registered application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its id, which is its client id.
    pub id: ApplicationId,
    /// What was registered.
    pub metadata: Metadata,
    /// Its client secrets, the newest first: two while one takes the place of the other.
    pub secrets: Vec<SecretMark>,
    /// Since when it is registered.
    pub created_at: Moment,
    /// When it last changed.
    pub changed_at: Moment,
}

/// What is kept of a client secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretMark {
    /// Its hash, in text.
    hash: String,
    /// Until when it is taken, in microseconds.
    until: i64,
}

impl SecretMark {
    pub(crate) fn of(secret: &str, until: Moment) -> Self {
        SecretMark { hash: digest(secret).to_string(), until: until.micros() }
    }
}

fn digest(secret: &str) -> Digest {
    Digest::of_parts(&[b"partywall client secret\n", secret.as_bytes()])
}

impl Application {
    /// Whether this is a secret of its own that has not ended.
    pub fn has_secret(&self, secret: &str, now: Moment) -> bool {
        let digest = digest(secret);
        let fits = |mark: &SecretMark| {
            now.micros() < mark.until && Digest::parse(&mark.hash).is_some_and(|kept| kept == digest)
        };
        // All are looked at, so that time does not tell which of them it was.
        self.secrets.iter().filter(|mark| fits(mark)).count() > 0
    }

    /// How many of its secrets are good.
    pub fn live_secrets(&self, now: Moment) -> usize {
        self.secrets.iter().filter(|mark| now.micros() < mark.until).count()
    }

    /// The scopes of the application's API that it may ask for.
    pub fn scopes(&self) -> impl Iterator<Item = ScopeName> + '_ {
        self.metadata.scope.split(' ').filter_map(|word| word.parse().ok())
    }

    /// Whether every tenant has it without being asked.
    pub fn is_everybodys(&self) -> bool {
        self.metadata.reach == Reach::All
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// There is no such application.
    #[error("there is no such application")]
    Unknown,
    /// There are as many as there may be.
    #[error("there are {MOST} applications, and there may be no more")]
    TooMany,
    /// Something about it is wrong.
    #[error("{1}")]
    Rule(&'static str, String),
    /// Its metadata could not be had.
    #[error("the metadata could not be fetched: {0}")]
    Away(String),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ApplicationError {
    fn code(&self) -> &'static str {
        match self {
            ApplicationError::Unknown => "item.unknown",
            ApplicationError::TooMany => "plan.limit",
            ApplicationError::Rule(..) => "input.invalid",
            ApplicationError::Away(_) => "application.metadata",
            ApplicationError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        (!matches!(self, ApplicationError::Store(_))).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            ApplicationError::Rule(place, _) => Some(place),
            _ => None,
        }
    }
}

/// What an audit line says of an application.
fn facts(metadata: &Metadata) -> Value {
    let mut facts = json!(metadata);
    // Keys are long and say nothing to a reader.
    if facts["jwks"].is_object() {
        facts["jwks"] = json!("set");
    }
    facts
}
