//! The list of keys, those that have ended included.

use super::{ApiKey, KeyError, ReadsKeys, rows};
use access::Permit;
use domain::{ApiKeyId, Cursor, Page, SubscriberId};
use store::{Store, StoreError};

/// Keys after the cursor, the newest first; of one subscriber or of all.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: ReadsKeys>(
    store: &Store,
    permit: &Permit<A>,
    subscriber: Option<SubscriberId>,
    cursor: &Cursor,
) -> Result<Page<ApiKey>, StoreError> {
    let rows = store.read(permit, async |tx| rows::list(tx, subscriber, cursor).await).await?;
    Ok(Page::cut(rows, cursor, |key| key.id.to_string()))
}

/// One key.
///
/// # Errors
/// [`KeyError::Unknown`].
pub async fn read<A: ReadsKeys>(store: &Store, permit: &Permit<A>, id: ApiKeyId) -> Result<ApiKey, KeyError> {
    store.read(permit, async |tx| rows::find(tx, id).await).await?.ok_or(KeyError::Unknown)
}
