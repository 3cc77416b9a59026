//! The audit trail: what happened, written in the same transaction as the change it tells of.
//!
//! A line holds ids only. Personal values are sealed under the key of the member they are about, so that
//! erasing the key erases the values and leaves the proof. Lines are never changed: afterwards one
//! sequencer per tenant gives each its place in the tenant's Merkle log.

pub(crate) mod line;
pub(crate) mod personal;

pub(crate) use line::{NewLine, append};
