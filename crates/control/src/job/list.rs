//! How jobs stand.

use super::JobFacts;
use access::{OperatorPermit, ReadJobs};
use domain::{Cursor, Page, TenantId};
use store::{Store, StoreError};

/// Which jobs are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only those that are dead.
    pub only_dead: bool,
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
}

/// Jobs after the cursor, tenant by tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    store: &Store,
    permit: &OperatorPermit<ReadJobs>,
    which: Which,
    cursor: &Cursor,
) -> Result<Page<JobFacts>, StoreError> {
    store.survey(permit, async |tx| tx.jobs(which.only_dead, which.tenant, cursor).await).await
}
