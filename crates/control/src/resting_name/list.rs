//! Which names rest.

use super::{RestingName, rows};
use access::{OperatorPermit, ReadTenants};
use domain::{Cursor, Page};
use store::{Store, StoreError};

/// Names at rest, after the cursor.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadTenants>,
    cursor: &Cursor,
) -> Result<Page<RestingName>, StoreError> {
    let rows = store.survey(permit, async |tx| rows::list(tx, cursor).await).await?;
    Ok(Page::cut(rows, cursor, |resting| resting.name.to_string()))
}
