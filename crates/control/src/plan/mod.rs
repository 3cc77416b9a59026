//! Plans: what tenants may have, as data. Limits have numbers, entitlements have names.
//!
//! Tells others `plan.changed`. Whoever adds something asks the plan; a limit that is lowered takes
//! nothing away that is there already.

pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod put;
pub(crate) mod rows;

pub use list::list;
pub use put::put;

use domain::{DisplayName, Fault, Limit, Limits, Moment, PlanId};
use store::StoreError;

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: DisplayName,
    /// What it allows.
    pub limits: Limits,
    /// When it last changed.
    pub changed_at: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Another plan is called so.
    #[error("another plan has this name")]
    NameTaken,
    /// There is no such limit.
    #[error("there is no limit `{0}`; there are {list}", list = Limit::ALL.map(Limit::name).join(", "))]
    NoSuchLimit(String),
    /// The name of an entitlement is malformed.
    #[error(
        "an entitlement has 1 to 60 lower-case letters, digits, dots, hyphens and underscores, not `{0}`"
    )]
    BadEntitlement(String),
    /// The number of a limit is too large to mean anything.
    #[error("the limit `{0}` is larger than a billion; leave it out instead")]
    TooLarge(String),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for PlanError {
    fn code(&self) -> &'static str {
        match self {
            PlanError::NameTaken => "name.taken",
            PlanError::NoSuchLimit(_) | PlanError::BadEntitlement(_) | PlanError::TooLarge(_) => {
                "input.invalid"
            }
            PlanError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            PlanError::NoSuchLimit(_) | PlanError::BadEntitlement(_) | PlanError::TooLarge(_) => {
                Some(self.to_string())
            }
            _ => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            PlanError::NameTaken => Some("name"),
            PlanError::NoSuchLimit(_) | PlanError::TooLarge(_) => Some("limits"),
            PlanError::BadEntitlement(_) => Some("entitlements"),
            PlanError::Store(_) => None,
        }
    }
}

/// Whether everything in `limits` means something.
fn check(limits: &Limits) -> Result<(), PlanError> {
    for (name, value) in &limits.limits {
        if !Limit::ALL.iter().any(|limit| limit.name() == name) {
            return Err(PlanError::NoSuchLimit(name.chars().take(60).collect()));
        }
        if *value > 1_000_000_000 {
            return Err(PlanError::TooLarge(name.clone()));
        }
    }
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let bad = |name: &&String| !(1..=60).contains(&name.len()) || !name.bytes().all(known);
    match limits.entitlements.iter().find(bad) {
        Some(name) => Err(PlanError::BadEntitlement(name.chars().take(60).collect())),
        None => Ok(()),
    }
}

/// What an audit line says of a plan.
fn facts(name: &DisplayName, limits: &Limits) -> serde_json::Value {
    serde_json::json!({ "name": name, "limits": limits.limits, "entitlements": limits.entitlements })
}

#[cfg(test)]
mod tests;
