//! The issuers that are registered.

use super::{Issuer, IssuerError, Loaded, rows};
use access::{OperatorAction, OperatorPermit, Upkeep};
use domain::{IssuerId, digest::MacKey};
use store::{Keyring, Store, StoreError};

/// All of them, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: OperatorAction>(
    store: &Store,
    permit: &OperatorPermit<A>,
) -> Result<Vec<Issuer>, StoreError> {
    store.survey(permit, async |tx| rows::all(tx).await).await
}

/// One of them.
///
/// # Errors
/// [`IssuerError::Unknown`].
pub async fn read<A: OperatorAction>(
    store: &Store,
    permit: &OperatorPermit<A>,
    id: IssuerId,
) -> Result<Issuer, IssuerError> {
    store.survey(permit, async |tx| rows::find(tx, id).await?.ok_or(IssuerError::Unknown)).await
}

/// All of them with their users, and the key under which those are found: what a node keeps in memory.
///
/// # Errors
/// [`StoreError`].
pub async fn load(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
) -> Result<(Vec<Loaded>, Option<MacKey>), StoreError> {
    store
        .survey(permit, async |tx| {
            let issuers = rows::all(tx).await?;
            let users = rows::users(tx).await?;
            let names = Keyring::open(tx).await?.map(|keyring| keyring.token_names());
            let mut loaded: Vec<Loaded> = issuers
                .into_iter()
                .map(|issuer| Loaded { id: issuer.id, rules: issuer.rules, users: Default::default() })
                .collect();
            let places: std::collections::HashMap<_, _> =
                loaded.iter().enumerate().map(|(at, issuer)| (issuer.id, at)).collect();
            for entry in users {
                if let Some(at) = places.get(&entry.issuer) {
                    loaded[*at].users.entry(entry.digest).or_default().push(entry.tenant);
                }
            }
            Ok((loaded, names))
        })
        .await
}
