//! Which providers' metadata is to be fetched, over all tenants.

use crate::{FromRow, Row, Store, StoreError, operator_sql, values};
use access::{OperatorPermit, Upkeep};
use domain::{Moment, ProviderId, TenantId};

/// A provider whose metadata is to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderDue {
    /// Whose.
    pub tenant: TenantId,
    /// The provider.
    pub provider: ProviderId,
    /// Since when.
    pub at: Moment,
}

impl FromRow for ProviderDue {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(ProviderDue {
            tenant: row.parse("tenant_id")?,
            provider: row.parse("id")?,
            at: row.moment("metadata_due_at")?,
        })
    }
}

impl Store {
    /// The providers whose metadata is to be fetched now, the longest due first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn providers_due(
        &self,
        permit: &OperatorPermit<Upkeep>,
        most: u32,
    ) -> Result<Vec<ProviderDue>, StoreError> {
        let sql = operator_sql!(
            "SELECT tenant_id, id, metadata_due_at FROM provider
             WHERE metadata_due_at > 0 AND metadata_due_at <= $1 ORDER BY metadata_due_at LIMIT $2"
        );
        self.survey(permit, async |tx| tx.rows(sql, values![tx.now(), most]).await).await
    }
}
