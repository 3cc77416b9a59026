//! Issuers of bearer tokens: whose tokens the gateway believes, about which tenants, and what in them names one. An
//! issuer that names only its users has a table of them here, of which nothing but keyed hashes is kept.
//!
//! Tells others `issuer.changed`. Never asks an issuer: every node fetches the keys for itself.

mod add;
mod assign;
mod change;
mod check;
pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod remove;
mod rows;

pub use add::add;
pub use assign::{assign, unassign};
pub use change::change;
pub use list::{list, load, read};
pub use remove::remove;

use domain::{BoundTo, Digest, Fault, IssuerId, IssuerRules, Moment, TenantFrom, TenantId};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use store::StoreError;

/// A registered issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its id.
    pub id: IssuerId,
    /// What is asked of its tokens.
    pub rules: IssuerRules,
    /// How many entries its table of users has.
    pub users: i64,
    /// When it last changed.
    pub changed_at: Moment,
}

/// An issuer as nodes hold it in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its id.
    pub id: IssuerId,
    /// What is asked of its tokens.
    pub rules: IssuerRules,
    /// At which tenants its users are, by the keyed hash of their names.
    pub users: HashMap<Digest, Vec<TenantId>>,
}

/// How an issuer's keys stand on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyStanding {
    /// How many can be used.
    pub usable: usize,
    /// When they were fetched.
    pub fetched: Option<Moment>,
    /// Until when they are believed.
    pub until: Option<Moment>,
    /// Why they could not be fetched the last time, if they could not.
    pub failure: Option<String>,
}

/// One step of what becomes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStep {
    /// What was asked.
    pub step: String,
    /// Whether it was passed.
    pub passed: bool,
    /// How, or why not.
    pub how: String,
}

/// Who holds the issuers' keys and judges tokens. `server` hands it in, because rooms do not know each other.
pub trait Judge: Send + Sync {
    /// What becomes of a token, step by step.
    fn explain(&self, token: &str) -> Vec<TokenStep>;
    /// How an issuer's keys stand.
    fn standing(&self, issuer: IssuerId) -> KeyStanding;
}

/// Nobody judges tokens here.
pub(crate) struct NoJudge;

impl Judge for NoJudge {
    fn explain(&self, _: &str) -> Vec<TokenStep> {
        Vec::new()
    }

    fn standing(&self, _: IssuerId) -> KeyStanding {
        KeyStanding::default()
    }
}

/// Nobody, to be shared.
pub(crate) fn nobody() -> Arc<dyn Judge> {
    Arc::new(NoJudge)
}

/// How many issuers there may be.
pub const MOST: i64 = 500;
/// How many entries the table of one issuer's users may have; every node holds them in memory.
pub const MOST_USERS: i64 = 100_000;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// There is no such issuer.
    #[error("there is no such issuer")]
    Unknown,
    /// One of this name is registered.
    #[error("an issuer of this name is registered already")]
    Exists,
    /// There are as many as there may be.
    #[error("there are {MOST} issuers, or {MOST_USERS} users of this one, and there may be no more")]
    TooMany,
    /// Something in its rules is wrong.
    #[error("{1}")]
    Rule(&'static str, String),
    /// A tenant that is named does not exist.
    #[error("there is no tenant `{0}`")]
    NoTenant(String),
    /// The issuer names tenants in a claim, and needs no table.
    #[error("this issuer names tenants itself; users are assigned where it names only them")]
    NeedsNoUsers,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for IssuerError {
    fn code(&self) -> &'static str {
        match self {
            IssuerError::Unknown => "item.unknown",
            IssuerError::Exists => "name.taken",
            IssuerError::TooMany => "plan.limit",
            IssuerError::Rule(..) | IssuerError::NoTenant(_) | IssuerError::NeedsNoUsers => "input.invalid",
            IssuerError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        (!matches!(self, IssuerError::Store(_))).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            IssuerError::Rule(place, _) => Some(place),
            IssuerError::NoTenant(_) => Some("tenants"),
            _ => None,
        }
    }
}

/// What an audit line says of an issuer.
fn facts(rules: &IssuerRules) -> Value {
    let tenants = match &rules.tenants {
        BoundTo::All => json!("all"),
        BoundTo::These(tenants) => json!(tenants),
    };
    let (claim, users) = match &rules.tenant_from {
        TenantFrom::Claim(claim) => (Some(claim), None),
        TenantFrom::Users(claim) => (None, Some(claim)),
    };
    json!({
        "issuer": rules.issuer, "audiences": rules.audiences, "algorithms": rules.algorithms, "typ": rules.typ,
        "jwks_uri": rules.jwks_uri, "tenant_claim": claim, "user_claim": users, "tenants": tenants,
        "aliases": rules.aliases, "scope_claim": rules.scope_claim, "caller": rules.caller.name(),
    })
}

#[cfg(test)]
mod tests;
