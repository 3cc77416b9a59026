//! The owner of a provider lets another tenant connect to it.

use super::{ProviderError, rows};
use crate::Identity;
use access::{Permit, ShareProvider};
use domain::{Change, Event, ProviderId, TenantId, event::names};
use serde_json::{Value, json};

/// Shares a provider. Whether there is a tenant by that id is not said: an id that nobody has is shared
/// with nobody.
///
/// # Errors
/// [`ProviderError::Unknown`], [`ProviderError::WithOwner`].
pub async fn share(
    room: &Identity,
    permit: &Permit<ShareProvider>,
    id: ProviderId,
    with: TenantId,
) -> Result<(), ProviderError> {
    room.in_turn::<_, _, ProviderError>(permit, async |tx| {
        rows::find(tx, id).await?.ok_or(ProviderError::Unknown)?;
        if with == tx.tenant() {
            return Err(ProviderError::WithOwner);
        }
        if rows::add_share(tx, id, with).await? {
            tx.changed(Change::new(id, Value::Null, json!({ "shared_with": with })));
            tx.emit(Event::new(names::CONNECTION_CHANGED, id).with("tenant", with)).await?;
        }
        Ok(())
    })
    .await?;
    room.forget(with);
    Ok(())
}
