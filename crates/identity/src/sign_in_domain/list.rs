//! A tenant's proved domains, and by which connection their people come.

use super::rows;
use crate::provider::ReadsConnections;
use access::Permit;
use domain::{ConnectionId, Hostname, ProviderId};
use store::{Store, StoreError};

/// A proved domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInDomain {
    /// The domain.
    pub domain: Hostname,
    /// By which connection its people come; none for any.
    pub way: Option<Way>,
}

/// By which connection people come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Which.
    pub connection: ConnectionId,
    /// Where it leads.
    pub provider: ProviderId,
    /// Its name for people.
    pub name: String,
    /// Whether they may come by no other.
    pub is_only: bool,
}

/// Lists them, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<SignInDomain>, StoreError> {
    store.read(permit, async |tx| rows::all(tx).await).await
}
