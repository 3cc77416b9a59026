//! The anchors there are, for people and for nodes.

use super::{Anchor, AnchorError, Revocation, rows};
use access::{OperatorPermit, Permit, TenantAction, Upkeep};
use domain::{AnchorId, AnchorRules, Moment, TenantId};
use std::collections::HashSet;
use store::{OperatorRead, Store, StoreError};

/// A tenant's anchors, by name.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: TenantAction>(store: &Store, permit: &Permit<A>) -> Result<Vec<Anchor>, StoreError> {
    store
        .read(permit, async |tx| {
            let mut anchors = rows::all(tx).await?;
            for list in rows::all_lists(tx).await? {
                if let Some(anchor) = anchors.iter_mut().find(|anchor| anchor.id == list.anchor) {
                    anchor.lists.push(list);
                }
            }
            Ok(anchors)
        })
        .await
}

/// One of them.
///
/// # Errors
/// [`AnchorError::Unknown`].
pub async fn read<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
    id: AnchorId,
) -> Result<Anchor, AnchorError> {
    let anchors = list(store, permit).await?;
    anchors.into_iter().find(|anchor| anchor.id == id).ok_or(AnchorError::Unknown)
}

/// What was taken back by hand, the latest first.
///
/// # Errors
/// [`AnchorError::Unknown`].
pub async fn revocations<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
    id: AnchorId,
) -> Result<Vec<Revocation>, AnchorError> {
    store
        .read(permit, async |tx| {
            rows::find(tx, id).await?.ok_or(AnchorError::Unknown)?;
            Ok(rows::revocations(tx, id).await?)
        })
        .await
}

/// An anchor as nodes hold it in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its id.
    pub id: AnchorId,
    /// Whose it is.
    pub owner: TenantId,
    /// The authority's certificate, in DER.
    pub certificate: Vec<u8>,
    /// What its certificates mean.
    pub rules: AnchorRules,
    /// What was taken back by hand.
    pub revoked: HashSet<String>,
    /// The lists that are held, in DER, with when they came.
    pub lists: Vec<(Vec<u8>, Moment)>,
}

/// Those of all tenants.
///
/// # Errors
/// [`StoreError`].
pub async fn load_all(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Loaded>, StoreError> {
    store.survey(permit, async |tx| load(tx, "").await).await
}

/// Those of one.
///
/// # Errors
/// [`StoreError`].
pub async fn load_of(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    owner: TenantId,
) -> Result<Vec<Loaded>, StoreError> {
    store.survey(permit, async |tx| load(tx, &owner.to_string()).await).await
}

async fn load(tx: &mut OperatorRead, owner: &str) -> Result<Vec<Loaded>, StoreError> {
    let mut all = rows::loaded(tx, owner).await?;
    let places: std::collections::HashMap<_, _> =
        all.iter().enumerate().map(|(at, anchor)| (anchor.id, at)).collect();
    for mark in rows::loaded_marks(tx, owner).await? {
        if let Some(at) = places.get(&mark.anchor) {
            all[*at].revoked.insert(mark.mark);
        }
    }
    for held in rows::loaded_lists(tx, owner).await? {
        if let Some(at) = places.get(&held.anchor) {
            all[*at].lists.push((held.list, held.fetched_at));
        }
    }
    Ok(all)
}
