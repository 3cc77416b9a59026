//! What a node shows by name.

use super::{purpose, rows, rows::Stored};
use access::{OperatorPermit, Upkeep};
use domain::{Hostname, MasterKey, Moment, Secret, TenantId};
use store::{Store, StoreError};

const BATCH: u32 = 500;

/// A chain and its key, in PEM, for a name that is mapped.
pub struct Shown {
    /// Whose.
    pub tenant: TenantId,
    /// The name.
    pub host: Hostname,
    /// The chain.
    pub chain: String,
    /// The key.
    pub key: Secret<String>,
    /// Until when it is good.
    pub ends_at: Moment,
}

impl Shown {
    /// None for a key that cannot be opened: one certificate must not keep a node from starting.
    fn of(stored: Stored, master: &MasterKey) -> Option<Self> {
        let Stored { tenant, host, chain, sealed, ends_at } = stored;
        let key =
            master.open(&purpose(tenant, &host), &sealed).ok().and_then(|key| String::from_utf8(key).ok());
        if key.is_none() {
            tracing::error!(%tenant, %host, "the key of the certificate for {host} cannot be opened");
        }
        Some(Shown { tenant, host, chain, key: Secret::new(key?), ends_at })
    }
}

/// All of them.
///
/// # Errors
/// [`StoreError`].
pub async fn load_all(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Shown>, StoreError> {
    store
        .survey(permit, async |tx| {
            let (mut all, mut after) = (Vec::new(), String::new());
            loop {
                let batch = rows::mapped(tx, &after, BATCH).await?;
                let Some(last) = batch.last() else { return Ok(all) };
                after = last.host.to_string();
                all.extend(batch.into_iter().filter_map(|stored| Shown::of(stored, tx.master())));
            }
        })
        .await
}

/// Those of one tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn load_of(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    tenant: TenantId,
) -> Result<Vec<Shown>, StoreError> {
    store
        .survey(permit, async |tx| {
            let found = rows::mapped_of(tx, tenant).await?;
            Ok(found.into_iter().filter_map(|stored| Shown::of(stored, tx.master())).collect())
        })
        .await
}
