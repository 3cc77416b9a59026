//! A token is made.

use super::{Rights, Token, TokenError, rows};
use crate::Terms;
use access::{Actor, ManageTokens, OperatorPermit};
use domain::{Change, Digest, DisplayName, Event, Secret, event::names};
use serde_json::{Value, json};
use std::time::Duration;
use store::Store;

const DAY: u64 = 24 * 60 * 60;

/// A token that was just made.
#[derive(Debug)]
pub struct Made {
    /// The token.
    pub token: Token,
    /// What to present: `pwo_` and 43 characters. Shown once.
    pub secret: Secret<String>,
}

/// Makes a token that lives for `days`.
///
/// # Errors
/// [`TokenError::Life`], [`TokenError::ByToken`].
pub async fn create(
    store: &Store,
    permit: &OperatorPermit<ManageTokens>,
    name: DisplayName,
    rights: Rights,
    days: u64,
    terms: &Terms,
) -> Result<Made, TokenError> {
    store
        .operate(permit, async |tx| {
            if matches!(permit.actor(), Actor::Token(_)) {
                return Err(TokenError::ByToken);
            }
            let most = terms.token.as_secs() / DAY;
            if !(1..=most).contains(&days) {
                return Err(TokenError::Life { days: most });
            }
            let secret = format!("pwo_{}", tx.new_token());
            let token = Token {
                id: tx.new_id(),
                name,
                rights,
                created_by: permit.actor().to_string(),
                created_at: tx.now(),
                ends_at: tx.now() + Duration::from_secs(days * DAY),
            };
            rows::add(tx, &token, Digest::of(secret.as_bytes())).await?;
            tx.changed(Change::new(token.id, Value::Null, facts(&token)));
            tx.emit_platform(Event::new(names::TOKENS_CHANGED, token.id)).await?;
            Ok(Made { token, secret: Secret::new(secret) })
        })
        .await
}

/// What an audit line says of a token.
pub(super) fn facts(token: &Token) -> Value {
    json!({ "name": token.name, "rights": token.rights.name(), "ends_at": token.ends_at.to_string() })
}
