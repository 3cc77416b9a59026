//! How a tenant stands.

use std::{fmt, str::FromStr};

/// A tenant's standing (`design.md` 2). Who may do what in which standing is decided in `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Being set up; its admins may enter, its users not yet.
    Provisioning,
    /// On trial.
    Trial,
    /// As it should be.
    Active,
    /// Reading only.
    ReadOnly,
    /// Closed for a while, with a page that says so.
    Maintenance,
    /// Closed until the operator opens it again.
    Suspended,
    /// On its way to another placement.
    Moving,
    /// Handed its data, on its way out.
    Leaving,
    /// Gone; only its id and audit trail remain.
    Erased,
}

/// The text names no standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a standing is one of provisioning, trial, active, read-only, maintenance, suspended, moving, leaving, erased"
)]
pub struct BadStanding;

impl Standing {
    /// Every standing, in the order of a tenant's life.
    pub const ALL: [Standing; 9] = [
        Standing::Provisioning,
        Standing::Trial,
        Standing::Active,
        Standing::ReadOnly,
        Standing::Maintenance,
        Standing::Suspended,
        Standing::Moving,
        Standing::Leaving,
        Standing::Erased,
    ];

    /// Its name in columns, in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Provisioning => "provisioning",
            Standing::Trial => "trial",
            Standing::Active => "active",
            Standing::ReadOnly => "read-only",
            Standing::Maintenance => "maintenance",
            Standing::Suspended => "suspended",
            Standing::Moving => "moving",
            Standing::Leaving => "leaving",
            Standing::Erased => "erased",
        }
    }

    /// Whether the tenant's people may sign in and use the application.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Standing::Provisioning
                | Standing::Trial
                | Standing::Active
                | Standing::ReadOnly
                | Standing::Leaving
        )
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
