//! Answers that gateways keep, and how they are made to forget them. They lie in the memory of nodes; what is said here
//! is heard by all of them.
//!
//! Tells others `deployment.changed`, or `tenant.changed` where one tenant's are meant.

pub(crate) mod http;
mod purge;

pub use purge::purge;
