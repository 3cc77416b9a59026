//! A subscriber is added.

use super::{MOST, Subscriber, SubscriberError, rows};
use crate::{Identity, turn};
use access::{ManageKeys, Permit};
use domain::{Change, DisplayName, EmailAddress};
use serde_json::{Value, json};
use store::StoreError;

/// Adds a subscriber.
///
/// # Errors
/// [`SubscriberError::Exists`], [`SubscriberError::TooMany`].
pub async fn create(
    room: &Identity,
    permit: &Permit<ManageKeys>,
    name: DisplayName,
    contact: EmailAddress,
) -> Result<Subscriber, SubscriberError> {
    room.store
        .write(permit, async |tx| {
            turn::take(tx).await?;
            if rows::count(tx).await? >= MOST {
                return Err(SubscriberError::TooMany);
            }
            let subscriber = Subscriber { id: tx.new_id(), name, contact, created_at: tx.now() };
            rows::add(tx, &subscriber).await.map_err(|error| match error {
                StoreError::Conflict(_) => SubscriberError::Exists,
                other => SubscriberError::Store(other),
            })?;
            tx.changed(Change::new(subscriber.id, Value::Null, json!({ "name": subscriber.name })));
            Ok(subscriber)
        })
        .await
}
