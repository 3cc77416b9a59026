//! The tenant's members, in pages. Names and addresses are sealed, so they are no ground for a search or an
//! order; the order is that of joining.

use super::{Member, Standing, rows};
use access::{ListMembers, Permit};
use domain::{Cursor, Page, RoleName};
use store::{Store, StoreError};

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only members who stand so; none for all who are not removed.
    pub standing: Option<Standing>,
    /// Only members who hold this role.
    pub role: Option<RoleName>,
}

/// Lists members.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &Permit<ListMembers>,
    filter: &Filter,
    cursor: &Cursor,
) -> Result<Page<Member>, StoreError> {
    let found = store.read(permit, async |tx| rows::list(tx, filter, cursor).await).await?;
    Ok(Page::cut(found, cursor, |member| member.id.to_string()))
}
