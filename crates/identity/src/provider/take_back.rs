//! The owner of a provider takes a share back. The other tenant's rows are not ours to write: its
//! connections stay as they are and open nothing any more, because every question about a session asks
//! whether the provider is still shared. The event makes every node ask again.

use super::{ProviderError, rows};
use crate::Identity;
use access::{Permit, ShareProvider};
use domain::{Change, Event, ProviderId, TenantId, event::names};
use serde_json::{Value, json};

/// Takes a share back.
///
/// # Errors
/// [`ProviderError::Unknown`] if there is no such provider, or it is not shared with that tenant.
pub async fn take_back(
    room: &Identity,
    permit: &Permit<ShareProvider>,
    id: ProviderId,
    with: TenantId,
) -> Result<(), ProviderError> {
    room.in_turn::<_, _, ProviderError>(permit, async |tx| {
        rows::find(tx, id).await?.ok_or(ProviderError::Unknown)?;
        if !rows::remove_share(tx, id, with).await? {
            return Err(ProviderError::Unknown);
        }
        tx.changed(Change::new(id, json!({ "shared_with": with }), Value::Null));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id).with("tenant", with)).await?;
        Ok(())
    })
    .await?;
    room.forget(with);
    Ok(())
}
