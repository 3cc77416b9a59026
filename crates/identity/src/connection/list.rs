//! The tenant's connections, each with what has become of its provider.

use super::{Connection, ConnectionError, rows};
use crate::provider::{self, ProviderError, ReadsConnections};
use access::{Permit, ReadConnection};
use domain::ConnectionId;
use std::collections::HashMap;
use store::Store;

/// Whose the provider of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This tenant.
    Us,
    /// Another tenant, which shares it.
    Another,
    /// Another tenant, which does not share it any more: nobody signs in by the connection.
    Withdrawn,
}

impl Owner {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Owner::Us => "us",
            Owner::Another => "another",
            Owner::Withdrawn => "withdrawn",
        }
    }

    fn of(provider: Option<&provider::Provider>) -> Self {
        match provider {
            Some(provider) if provider.is_own() => Owner::Us,
            Some(_) => Owner::Another,
            None => Owner::Withdrawn,
        }
    }
}

/// All connections, the oldest first.
///
/// # Errors
/// [`ConnectionError::Store`].
pub async fn list(
    store: &Store,
    permit: &Permit<ReadConnection>,
) -> Result<Vec<(Connection, Owner)>, ConnectionError> {
    let all = store.read::<_, _, ConnectionError>(permit, async |tx| Ok(rows::all(tx).await?)).await?;
    let known = provider::list(store, permit).await?;
    let known: HashMap<_, _> = known.iter().map(|provider| (provider.id, provider)).collect();
    let owned = |connection: Connection| {
        let owner = Owner::of(known.get(&connection.provider).copied());
        (connection, owner)
    };
    Ok(all.into_iter().map(owned).collect())
}

/// One connection.
///
/// # Errors
/// [`ConnectionError::Unknown`].
pub async fn read<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
    id: ConnectionId,
) -> Result<(Connection, Owner), ConnectionError> {
    let found = store.read::<_, _, ConnectionError>(permit, async |tx| Ok(rows::find(tx, id).await?)).await?;
    let connection = found.ok_or(ConnectionError::Unknown)?;
    let provider = match provider::read(store, permit, connection.provider).await {
        Ok(provider) => Some(provider),
        Err(ProviderError::Unknown) => None,
        Err(other) => return Err(other.into()),
    };
    let owner = Owner::of(provider.as_ref());
    Ok((connection, owner))
}
