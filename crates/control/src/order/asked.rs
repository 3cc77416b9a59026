//! What authorities ask to be shown, for the memory of every node.

use super::{Asked, rows};
use access::{OperatorPermit, Upkeep};
use domain::{Hostname, TenantId};
use store::{Store, StoreError};

/// What is asked for under a name.
pub struct Asking {
    /// Whose name.
    pub tenant: TenantId,
    /// The name.
    pub host: Hostname,
    /// What is asked for.
    pub asked: Asked,
}

impl From<rows::Shown> for Asking {
    fn from(shown: rows::Shown) -> Self {
        Asking { tenant: shown.tenant, host: shown.host, asked: shown.asked }
    }
}

/// Everything.
///
/// # Errors
/// [`StoreError`].
pub async fn asked(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Asking>, StoreError> {
    let shown = store.survey(permit, async |tx| rows::shown(tx).await).await?;
    Ok(shown.into_iter().map(Asking::from).collect())
}

/// What is asked for under one tenant's names.
///
/// # Errors
/// [`StoreError`].
pub async fn asked_of(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    tenant: TenantId,
) -> Result<Vec<Asking>, StoreError> {
    let shown = store.survey(permit, async |tx| rows::shown_of(tx, tenant).await).await?;
    Ok(shown.into_iter().map(Asking::from).collect())
}
