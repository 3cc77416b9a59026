//! Orders of certificates: for every name that is mapped to a tenant and has no certificate that the tenant laid down,
//! a certificate authority is asked for one (ACME, RFC 8555), and for the next one ahead of its end.
//!
//! An order is a job in its tenant's lane, so that of several nodes one orders, and a tenant with many names delays
//! nobody. What the authority asks to be shown comes into every node's memory by the change feed before the authority
//! looks. A failure is kept in words with the time of the next try; the orders of an hour are bounded, for the whole
//! installation and for each tenant, because authorities count them.
//!
//! Tells others `certificate.changed`.

mod account;
mod asked;
mod authority;
mod hurry;
mod list;
mod plan;
mod rows;
mod run;
mod settle;

pub use asked::{Asking, asked, asked_of};
pub use authority::{Answer, Asked, Authority, No, Obtained, Show, Wish};
pub(crate) use hurry::hurry;
pub(crate) use list::of_tenant;
pub use list::refused;
pub use plan::plan;
pub(crate) use rows::forget;
pub use run::run;

use domain::{Hostname, Moment, NameError};
use std::{str::FromStr, sync::Arc, time::Duration};

/// The lane's class.
pub const CLASS: &str = "certificates";

/// How orders are made.
#[derive(Clone)]
pub struct Ordering {
    /// Whoever is asked.
    pub authority: Arc<dyn Authority>,
    /// Its address, by which our account there is kept.
    pub directory: String,
    /// How many orders all nodes make in an hour.
    pub per_hour: u32,
    /// How many of them for one tenant.
    pub per_tenant: u32,
    /// How long after a first failure the next try comes.
    pub retry: Duration,
}

/// An order, as its tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// For which name.
    pub host: Hostname,
    /// How it stands.
    pub standing: Standing,
    /// Why the last try failed, or what is waited for; empty if nothing is wrong.
    pub fault: String,
    /// How many tries failed since the last that did not.
    pub tries: i64,
    /// When the authority was asked last.
    pub asked_at: Moment,
    /// When it is asked next.
    pub due_at: Moment,
    /// The job that will do that.
    job: String,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its turn, or is under way.
    Waiting,
    /// The last try failed; there will be another.
    Failed,
    /// There is a certificate, which will be renewed.
    Held,
    /// Nothing is ordered any more: the name is gone, or the tenant has laid down a certificate.
    Idle,
}

impl Standing {
    const ALL: [Standing; 4] = [Standing::Waiting, Standing::Failed, Standing::Held, Standing::Idle];

    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Failed => "failed",
            Standing::Held => "held",
            Standing::Idle => "idle",
        }
    }
}

impl FromStr for Standing {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let named = Self::ALL.into_iter().find(|standing| standing.name() == text);
        named.ok_or(NameError("an order is waiting, failed, held or idle"))
    }
}

#[cfg(test)]
mod tests;
