//! An authority's list of what it took back is laid down.

use super::{AnchorError, MOST_LISTS, rows};
use crate::Control;
use access::{ManageAnchors, Permit};
use domain::{AnchorId, Change, Event, Moment, event::names};
use protocol::x509::RevocationList;
use serde_json::{Value, json};
use store::TenantWrite;

/// Takes a list, in PEM or DER, in place of the one of the same authority before.
///
/// # Errors
/// [`AnchorError`].
pub async fn put_list(
    room: &Control,
    permit: &Permit<ManageAnchors>,
    id: AnchorId,
    list: &[u8],
) -> Result<(), AnchorError> {
    let list = RevocationList::read(list).map_err(|bad| AnchorError::List(bad.0))?;
    room.store.write(permit, async |tx| keep(tx, id, &list).await.map(drop)).await
}

/// Keeps a list that the anchor's authority has signed, or one of an authority below it, whose signature is looked at
/// where its certificates are. Gives whether it says anything new.
pub(super) async fn keep(
    tx: &mut TenantWrite,
    id: AnchorId,
    list: &RevocationList,
) -> Result<bool, AnchorError> {
    let anchor = rows::find(tx, id).await?.ok_or(AnchorError::Unknown)?;
    let authority = anchor.authority().ok_or(AnchorError::Unknown)?;
    list.is_of(&authority).map_err(|bad| AnchorError::List(bad.0))?;
    let now = tx.now();
    if list.made > now + std::time::Duration::from_secs(300) {
        return Err(AnchorError::List("it was made in the future"));
    }
    if list.ends <= now {
        return Err(AnchorError::List("its time is over"));
    }
    let held = rows::list_made_at(tx, id, list.issuer()).await?;
    match held {
        // Whoever plays an older one back wants somebody forgotten who was taken back since.
        Some(held) if list.made < held => {
            return Err(AnchorError::List("it is older than the one that is held"));
        }
        None if rows::count_lists(tx, id).await? >= MOST_LISTS => {
            return Err(AnchorError::TooMany(MOST_LISTS));
        }
        _ => {}
    }
    rows::put_list(tx, id, list, now).await?;
    let is_new = held != Some(list.made);
    if is_new {
        let before = held.map_or(Value::Null, |made: Moment| json!({ "list_made_at": made.to_string() }));
        let after = json!({ "list_made_at": list.made.to_string(), "entries": list.count });
        tx.changed(Change::new(id, before, after));
    }
    tx.emit(Event::new(names::ANCHOR_CHANGED, id)).await?;
    Ok(is_new)
}
