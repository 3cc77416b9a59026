//! What is kept is forgotten, on every node.

use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, TenantId, event::names};
use serde_json::{Value, json};
use store::{Store, StoreError};

/// Forgets all answers that are kept, or those of one tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn purge(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    tenant: Option<TenantId>,
) -> Result<(), StoreError> {
    store
        .operate(permit, async |tx| {
            let whose = tenant.map(|tenant| tenant.to_string());
            tx.changed(Change::new("kept answers", Value::Null, json!({ "tenant": whose })));
            match tenant {
                Some(tenant) => tx.emit(tenant, Event::new(names::TENANT_CHANGED, tenant)).await,
                None => tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, "kept answers")).await,
            }
        })
        .await
}
