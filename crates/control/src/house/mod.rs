//! The house: the operator's own tenant. Whoever is a member of it with the role `partywall.operator` runs
//! the platform, and nobody else does.
//!
//! A fresh installation has no account and no password form (ledger K05). At the first start the house is
//! made, and a link that is good for an hour and for one person, who brings a provider of their own.

mod bootstrap;

pub use bootstrap::{FirstStart, bootstrap};

#[cfg(test)]
mod tests;
