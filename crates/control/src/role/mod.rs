//! Roles of the application: names that its backends understand. The operator says which there are; who
//! holds them in a tenant is that tenant's business.
//!
//! Tells others `roles.changed`.

pub(crate) mod http;
mod known;
mod list;
pub(crate) mod pages;
mod put;
mod remove;
mod rows;

pub(crate) use known::first_unknown;
pub use list::{list, load};
pub use put::put;
pub use remove::remove;

use domain::{DisplayName, Fault, Moment, RoleName};
use store::StoreError;

/// A role of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRole {
    /// Its name, as backends get it.
    pub name: RoleName,
    /// Its name for people.
    pub title: DisplayName,
    /// What its holder may do, in a sentence or two.
    pub about: String,
    /// When it last changed.
    pub changed_at: Moment,
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// There is no such role.
    #[error("there is no such role")]
    Unknown,
    /// The name is one of the platform's own.
    #[error("roles that begin with `partywall.` are the platform's own")]
    Platform,
    /// The description is too long.
    #[error("what a role is about has at most 500 characters")]
    About,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RoleError {
    fn code(&self) -> &'static str {
        match self {
            RoleError::Unknown => "item.unknown",
            RoleError::Platform | RoleError::About => "input.invalid",
            RoleError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, RoleError::Platform | RoleError::About).then(|| self.to_string())
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            RoleError::Platform => Some("name"),
            RoleError::About => Some("about"),
            RoleError::Unknown | RoleError::Store(_) => None,
        }
    }
}

/// What an audit line says of a role.
fn facts(role: &AppRole) -> serde_json::Value {
    serde_json::json!({ "role": role.name, "title": role.title, "about": role.about })
}

#[cfg(test)]
mod tests;
