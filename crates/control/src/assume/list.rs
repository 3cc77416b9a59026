//! When operators went into tenants.

use super::{Assumption, rows};
use crate::tenant;
use access::{OperatorPermit, ReadPlatformAudit};
use domain::{Cursor, Page, Slug};
use store::{Store, StoreError};

/// Assumptions after the cursor, the newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformAudit>,
    cursor: &Cursor,
) -> Result<Page<Assumption>, StoreError> {
    let rows = store
        .survey(permit, async |tx| match tenant::rows::find_by_slug(tx, &Slug::house()).await? {
            Some(house) => rows::list(tx, house.id, cursor).await,
            None => Ok(Vec::new()),
        })
        .await?;
    Ok(Page::cut(rows, cursor, |row| row.line.clone()).map(|row| row.assumption))
}
