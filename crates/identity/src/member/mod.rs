//! Members: people in a tenant, with a standing and roles. How they come to be members is
//! [`crate::sign_in`]'s concern; here their admins look after them.
//!
//! A removed member leaves a row behind that holds ids only, so that whoever was removed does not come
//! back by signing in again; an admin can restore them. Their roles, profile and the key under which
//! everything personal about them was sealed are gone at once.
//!
//! A tenant always keeps an active admin, however many admins let each other go at the same time.
//!
//! Tells others `member.changed` and `sessions.ended`.

mod assign;
pub(crate) mod http;
mod last;
mod list;
pub(crate) mod pages;
mod read;
mod remove;
mod restore;
pub(crate) mod rows;
mod suspend;
#[cfg(test)]
mod tests;

pub use assign::{RoleChange, assign};
pub use list::{Filter, list};
pub use read::{ReadsMembers, Seen, SignIn, read, sign_ins};
pub use remove::remove;
pub use restore::restore;
pub use suspend::suspend;

use domain::{Change, Fault, MemberId, Moment, RoleName, UserId};
use serde_json::json;
use std::{fmt, str::FromStr};
use store::StoreError;

/// A member of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The person in this tenant.
    pub id: MemberId,
    /// The person.
    pub user: UserId,
    /// How they stand.
    pub standing: Standing,
    /// How they came to be a member.
    pub source: String,
    /// The roles they hold, in order.
    pub roles: Vec<RoleName>,
    /// What this tenant's provider says of them.
    pub profile: Profile,
    /// Since when they are a member.
    pub created_at: Moment,
    /// When they were last here; none for never.
    pub seen_at: Option<Moment>,
}

/// What a provider says of a person. What it does not say is not known, and is never made up.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Whether the address may be relied upon: it is at a domain that this tenant has proved.
    pub email_verified: bool,
    /// What else the connection's rules keep. Only this tenant sees it.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// How a member stands. A step consumes the standing and gives the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May enter.
    Active,
    /// May not enter for now.
    Suspended,
    /// Is gone; holds no roles and has no profile.
    Removed,
}

/// The text names no standing of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member is active, suspended or removed")]
pub struct BadStanding;

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 3] = [Standing::Active, Standing::Suspended, Standing::Removed];

    /// Its name in columns, in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Active => "active",
            Standing::Suspended => "suspended",
            Standing::Removed => "removed",
        }
    }

    fn suspend(self) -> Result<Standing, MemberError> {
        match self {
            Standing::Active => Ok(Standing::Suspended),
            was => Err(MemberError::Standing { was, asked: "only an active member is suspended" }),
        }
    }

    fn restore(self) -> Result<Standing, MemberError> {
        match self {
            Standing::Suspended | Standing::Removed => Ok(Standing::Active),
            was => Err(MemberError::Standing { was, asked: "there is nothing to restore" }),
        }
    }

    fn remove(self) -> Result<Standing, MemberError> {
        match self {
            Standing::Active | Standing::Suspended => Ok(Standing::Removed),
            was => Err(MemberError::Standing { was, asked: "there is nothing to remove" }),
        }
    }

    /// Whether roles mean anything here.
    fn may_hold_roles(self) -> Result<(), MemberError> {
        match self {
            Standing::Active | Standing::Suspended => Ok(()),
            was => Err(MemberError::Standing { was, asked: "restore the member before giving roles" }),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Standing {
    type Err = BadStanding;
    fn from_str(text: &str) -> Result<Self, BadStanding> {
        Self::ALL.into_iter().find(|standing| standing.name() == text).ok_or(BadStanding)
    }
}

impl Member {
    /// A step from one standing to the next, for the audit trail.
    fn stood(&self, next: Standing) -> Change {
        let standing = |standing: Standing| json!({ "standing": standing.name() });
        Change::new(self.id, standing(self.standing), standing(next))
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is none by this id.
    #[error("there is no such member")]
    Unknown,
    /// The step does not begin where the member is.
    #[error("the member is {was}: {asked}")]
    Standing {
        /// Where they are.
        was: Standing,
        /// What about it, in words.
        asked: &'static str,
    },
    /// Nobody would be left to run the tenant.
    #[error("the tenant would be left without an active {0}")]
    Last(RoleName),
    /// The application has no such role.
    #[error("{0} is no role of the application")]
    UnknownRole(RoleName),
    /// The role is the operator's and held in the house only.
    #[error("{0} is held in the operator's own organisation only")]
    HouseRole(RoleName),
    /// The plan has no seat left.
    #[error("the plan has room for {most} members")]
    PlanLimit {
        /// How many there may be.
        most: u64,
    },
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for MemberError {
    fn code(&self) -> &'static str {
        match self {
            MemberError::Unknown => "item.unknown",
            MemberError::Standing { .. } => "member.standing",
            MemberError::Last(_) => "member.last-admin",
            // What the house's roles are called is not told to others.
            MemberError::UnknownRole(_) | MemberError::HouseRole(_) => "role.unknown",
            MemberError::PlanLimit { .. } => "plan.limit",
            MemberError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            MemberError::Standing { was, asked } => Some(format!("The member is {was}; {asked}.")),
            MemberError::Last(role) => Some(format!(
                "This is the last active member with the role {role}. Give it to another first."
            )),
            MemberError::UnknownRole(role) | MemberError::HouseRole(role) => {
                Some(format!("The application has no role {role}."))
            }
            MemberError::PlanLimit { most } => Some(format!("The plan has room for {most} members.")),
            MemberError::Unknown | MemberError::Store(_) => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            MemberError::UnknownRole(_) | MemberError::HouseRole(_) | MemberError::Last(_) => Some("roles"),
            MemberError::Unknown
            | MemberError::Standing { .. }
            | MemberError::PlanLimit { .. }
            | MemberError::Store(_) => None,
        }
    }
}
