//! The view of sign-ins: how many came by which provider in which hour, and how many were turned away, and why. What
//! patterns show is the tenant's own; the operator sees none of it but by break-glass.

pub(crate) mod http;
mod read;
mod rows;

pub use read::{Came, SignIns, TurnedAway, read};

#[cfg(test)]
mod tests;
