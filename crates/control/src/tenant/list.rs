//! The list of tenants, in pages.

use super::{Tenant, rows};
use access::{OperatorPermit, ReadTenants};
use domain::{Cursor, Page, Standing};
use store::{Store, StoreError};

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only tenants that stand so.
    pub standing: Option<Standing>,
    /// Only tenants whose slug or name holds this.
    pub search: String,
    /// Which come first.
    pub order: Order,
}

/// Which tenants come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By slug.
    #[default]
    Slug,
    /// The newest first.
    Newest,
}

/// Tenants after the cursor.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadTenants>,
    filter: &Filter,
    cursor: &Cursor,
) -> Result<Page<Tenant>, StoreError> {
    let rows = store.survey(permit, async |tx| rows::list(tx, filter, cursor).await).await?;
    Ok(Page::cut(rows, cursor, |tenant| match filter.order {
        Order::Slug => tenant.slug.to_string(),
        Order::Newest => tenant.id.to_string(),
    }))
}
