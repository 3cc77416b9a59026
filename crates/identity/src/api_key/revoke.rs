//! A key is taken back: at once on this node, on the others as soon as the feed says so.

use super::{ApiKey, EarlyEnd, KeyError, rows};
use crate::Identity;
use access::{ManageKeys, Permit};
use domain::{ApiKeyId, Change};
use store::key_changed;

/// Takes a key back.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::Ended`].
pub async fn revoke(room: &Identity, permit: &Permit<ManageKeys>, id: ApiKeyId) -> Result<ApiKey, KeyError> {
    let (key, event) = room
        .store
        .write(permit, async |tx| {
            let now = tx.now();
            let old = rows::find(tx, id).await?.ok_or(KeyError::Unknown)?;
            if !old.is_live(now) {
                return Err(KeyError::Ended);
            }
            let key = ApiKey { ends_at: now, end: Some(EarlyEnd::Revoked), ..old.clone() };
            rows::end(tx, &key).await?;
            let event = key_changed(id, key.digest, key.said, now, EarlyEnd::Revoked.name());
            tx.emit(event.clone()).await?;
            tx.changed(Change::new(id, old.facts(), key.facts()));
            Ok((key, event))
        })
        .await?;
    room.web.warden.hear_at_once(permit.tenant_id(), event).await;
    Ok(key)
}
