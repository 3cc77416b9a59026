//! How a tenant is doing.

use super::rows;
use access::{Permit, ReadTenantHome};
use std::time::Duration;
use store::{Store, StoreError};

/// How far back an alert is still news.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a front page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Active members.
    pub members: i64,
    /// Active members who run the tenant.
    pub admins: i64,
    /// Active members who hold a role of the application.
    pub equipped: i64,
    /// Connections that people can sign in by.
    pub connections: i64,
    /// Alerts about refused attempts to get in from elsewhere, since yesterday.
    pub alerts: i64,
}

/// Counts.
///
/// # Errors
/// [`StoreError`].
pub async fn read(store: &Store, permit: &Permit<ReadTenantHome>) -> Result<Health, StoreError> {
    store
        .read(permit, async |tx| {
            Ok(Health {
                members: rows::members(tx).await?,
                admins: rows::admins(tx).await?,
                equipped: rows::equipped(tx).await?,
                connections: rows::connections(tx).await?,
                alerts: tx.alerts_since(tx.now() - DAY).await?,
            })
        })
        .await
}
