//! The list of tokens, those that have ended included.

use super::{Token, rows};
use access::{OperatorPermit, ReadPlatformSettings};
use domain::{Cursor, Page};
use store::{Store, StoreError};

/// Tokens after the cursor, the newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
    cursor: &Cursor,
) -> Result<Page<Token>, StoreError> {
    let rows = store.survey(permit, async |tx| rows::list(tx, cursor).await).await?;
    Ok(Page::cut(rows, cursor, |token| token.id.to_string()))
}
