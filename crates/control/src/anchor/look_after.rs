//! What authorities took back is fetched again and again. Whoever fetches it brings it here.

use super::{AnchorError, put_list::keep, rows};
use crate::Control;
use access::{LookAfterAnchors, OperatorPermit, Permit, Upkeep};
use domain::{AnchorId, Moment, TenantId};
use protocol::x509::RevocationList;
use std::time::Duration;
use store::StoreError;

/// How many are looked at in one round.
const BATCH: u32 = 50;
/// Whoever takes a turn has so long before another node takes one.
const TURN: Duration = Duration::from_secs(60);

/// An anchor whose list is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// The anchor.
    pub anchor: AnchorId,
    /// Where the list lies.
    pub url: String,
    /// For how long one is fresh.
    pub fresh: Duration,
    /// Since when.
    pub at: Moment,
}

/// The anchors whose lists are to be fetched.
///
/// # Errors
/// [`StoreError`].
pub async fn due(room: &Control, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Due>, StoreError> {
    room.store.survey(permit, async |tx| rows::due(tx, BATCH).await).await
}

/// Whether this node fetches it, rather than another that tries.
///
/// # Errors
/// [`StoreError`].
pub async fn take_turn(
    room: &Control,
    permit: &Permit<LookAfterAnchors>,
    due: &Due,
) -> Result<bool, StoreError> {
    room.store
        .write(permit, async |tx| {
            let next = tx.now() + TURN;
            rows::take_turn(tx, due.anchor, due.at, next).await
        })
        .await
}

/// Takes in what was fetched, or why it could not be. It is fetched again well before it is stale.
///
/// # Errors
/// [`AnchorError`]; that a list cannot be used is noted at the anchor.
pub async fn take(
    room: &Control,
    permit: &Permit<LookAfterAnchors>,
    due: &Due,
    fetched: Result<Vec<u8>, String>,
) -> Result<(), AnchorError> {
    let list = fetched.and_then(|bytes| RevocationList::read(&bytes).map_err(|bad| bad.to_string()));
    let kept = match &list {
        Ok(list) => room.store.write(permit, async |tx| keep(tx, due.anchor, list).await).await,
        Err(_) => Ok(false),
    };
    let fault = match (list, kept) {
        (Err(why), _) => why,
        (Ok(_), Err(AnchorError::List(why))) => why.to_owned(),
        (Ok(_), Err(other)) => return Err(other),
        (Ok(_), Ok(_)) => String::new(),
    };
    let pause = if fault.is_empty() { due.fresh / 4 } else { due.fresh.min(TURN * 8) / 8 };
    room.store
        .write(permit, async |tx| {
            let next = tx.now() + pause.max(Duration::from_secs(5));
            rows::looked(tx, due.anchor, next, &fault).await
        })
        .await?;
    Ok(())
}
