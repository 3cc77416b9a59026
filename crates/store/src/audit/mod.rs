//! The audit trail: what happened, written in the same transaction as the change it tells of.
//!
//! A line holds ids only. Personal values are sealed under the key of the member they are about, so that
//! erasing the key erases the values and leaves the proof. Lines are never changed: afterwards one
//! sequencer per tenant gives each its place in the tenant's Merkle log and signs a checkpoint.
//! `docs/audit.md` says what that proves and what it does not.

pub(crate) mod line;
pub(crate) mod personal;

mod alert;
mod export;
mod heads;
mod list;
pub mod merkle;
pub(crate) mod record;
mod refusal;
mod sequence;
mod verify;

pub use alert::{Alert, AlertRule};
pub use export::{AuditExport, BundleError, End, ExportedLine, PublicKey, Record, Trail, verify_bundle};
pub use heads::{KeptHeads, read_keys};
pub(crate) use line::{NewLine, append};
pub use list::{AuditFilter, AuditLine, Outcome, PersonalValue};
pub use record::{Checkpoint, StoredLine};
pub use verify::{Finding, Known, Report, Verifier};
