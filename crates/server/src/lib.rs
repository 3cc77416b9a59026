//! `partywall`: the multitenancy layer in front of a SaaS application, as one binary.
//!
//! This crate puts the rooms together and owns what only a process has: configuration, listeners, loops,
//! signals, commands. It decides nothing about tenants.

mod acme;
mod anchors;
pub mod assemble;
pub mod backends;
pub mod background;
mod certificates;
pub mod cli;
pub mod config;
mod descriptors;
pub mod judging;
pub mod keys;
pub mod listen;
pub mod observe;
mod products;
pub mod rehearse;
