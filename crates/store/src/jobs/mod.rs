//! Background work in lanes: one lane per tenant and class of work.
//!
//! A job is queued in the write that needs it and so lands with it or not at all. Nodes claim jobs lane by
//! lane (deficit round robin): each lane in turn gives as many jobs as its tenant's plan has weight, then
//! goes to the end. A tenant with a thousand jobs waiting delays another's first by one turn.
//!
//! A claimed job is leased. Whoever finishes it shows the lease's fencing number; once somebody else has
//! leased the job, an earlier number is worth nothing. A node that dies loses its leases, and its jobs run
//! again: a job must do no harm if it runs twice.

mod care;
mod claim;
mod complete;
mod enqueue;
mod fail;

pub use care::JobFacts;
pub(crate) use enqueue::open_lanes;
pub use fail::JobFate;

use std::time::Duration;

/// How long jobs live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// How long a lease lasts unless it is renewed.
    pub lease: Duration,
    /// How often a job is tried before it is dead.
    pub tries: u32,
    /// How long the second try waits; each further one waits twice as long.
    pub first_wait: Duration,
    /// The longest that a try waits.
    pub longest_wait: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings {
            lease: Duration::from_secs(60),
            tries: 12,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3_600),
        }
    }
}

/// In `lane.next_at`: nothing waits.
const NOTHING: i64 = i64::MAX;
