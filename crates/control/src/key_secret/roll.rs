//! The secret is rolled.

use super::{MOST, SecretError};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, Moment, event::names};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Keyring, Store};

/// Makes a new secret, and believes keys under earlier ones for `overlap` longer; gives until when.
///
/// # Errors
/// [`SecretError::Overlap`].
pub async fn roll(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    overlap: Duration,
) -> Result<Moment, SecretError> {
    store
        .operate(permit, async |tx| {
            if overlap > MOST {
                return Err(SecretError::Overlap);
            }
            let until = Keyring::roll_api_keys(tx, overlap).await?;
            let after = json!({ "earlier_believed_until": until.to_string() });
            tx.changed(Change::new("api-key secret", Value::Null, after));
            tx.emit_platform(Event::new(names::KEYS_CHANGED, "api-key")).await?;
            Ok(until)
        })
        .await
}
