//! A tenant cancels a subscription.

use super::{SubscriptionError, facts, rows};
use crate::Control;
use access::{ManageSubscriptions, Permit};
use domain::{Change, Event, ProductName, SubscriberId, event::names};
use serde_json::Value;

/// Cancels a subscription: on every node within seconds, requests that rest on it are refused.
///
/// # Errors
/// [`SubscriptionError::Unknown`].
pub async fn cancel(
    room: &Control,
    permit: &Permit<ManageSubscriptions>,
    product: &ProductName,
    subscriber: Option<SubscriberId>,
) -> Result<(), SubscriptionError> {
    room.store
        .write(permit, async |tx| {
            if !rows::remove(tx, product, subscriber).await? {
                return Err(SubscriptionError::Unknown);
            }
            tx.changed(Change::new(product, facts(subscriber), Value::Null));
            tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
            Ok(())
        })
        .await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(())
}
