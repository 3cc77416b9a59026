//! An anchor is taken away. Nobody vouches for its certificates any more.

use super::{AnchorError, rows};
use crate::Control;
use access::{ManageAnchors, Permit};
use domain::{AnchorId, Change, Event, event::names};
use serde_json::Value;

/// Takes an anchor away, with what it took back and its lists.
///
/// # Errors
/// [`AnchorError::Unknown`].
pub async fn remove(room: &Control, permit: &Permit<ManageAnchors>, id: AnchorId) -> Result<(), AnchorError> {
    room.store
        .write(permit, async |tx| {
            let old = rows::find(tx, id).await?.ok_or(AnchorError::Unknown)?;
            rows::remove(tx, id).await?;
            tx.changed(Change::new(id, old.facts(), Value::Null));
            tx.emit(Event::new(names::ANCHOR_CHANGED, id)).await?;
            Ok(())
        })
        .await
}
