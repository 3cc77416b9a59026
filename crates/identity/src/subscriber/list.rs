//! The list of subscribers.

use super::{Subscriber, rows};
use crate::api_key::ReadsKeys;
use access::Permit;
use domain::{Cursor, Page};
use store::{Store, StoreError};

/// Subscribers after the cursor, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: ReadsKeys>(
    store: &Store,
    permit: &Permit<A>,
    cursor: &Cursor,
) -> Result<Page<Subscriber>, StoreError> {
    let rows = store.read(permit, async |tx| rows::list(tx, cursor).await).await?;
    Ok(Page::cut(rows, cursor, |subscriber| subscriber.id.to_string()))
}
