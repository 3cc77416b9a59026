//! A token is ended before its time; on every node as soon as the feed says so.

use super::{Token, TokenError, create::facts, rows};
use access::{ManageTokens, OperatorPermit};
use domain::{Change, Event, TokenId, event::names};
use store::Store;

/// Ends a token. A token may end itself, and others.
///
/// # Errors
/// [`TokenError::Unknown`] for one that has ended, too.
pub async fn end(
    store: &Store,
    permit: &OperatorPermit<ManageTokens>,
    id: TokenId,
) -> Result<Token, TokenError> {
    store
        .operate(permit, async |tx| {
            let now = tx.now();
            let old = rows::find(tx, id).await?.filter(|token| token.ends_at > now);
            let old = old.ok_or(TokenError::Unknown)?;
            rows::end(tx, id).await?;
            let ended = Token { ends_at: now, ..old.clone() };
            tx.changed(Change::new(id, facts(&old), facts(&ended)));
            tx.emit_platform(Event::new(names::TOKENS_CHANGED, id)).await?;
            Ok(ended)
        })
        .await
}
