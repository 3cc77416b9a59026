//! Looks after API keys: warns of those that end soon, and switches off those that nobody uses.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{LookAfterKeys, Upkeep};
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How long after its moment a warning comes at most. A key may live for a minute, and its owner is warned when a
/// third of that is left.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = look_after(&node).await {
            tracing::warn!(%error, "API keys could not be looked after: {error}");
        }
    })
    .await;
}

async fn look_after(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    for tenant in node.store.tenants_with_keys_due(&upkeep).await? {
        let permit = warden.background::<LookAfterKeys>(tenant, origin(node));
        let keys = node.store.look_after_keys(&permit).await?;
        tracing::info!(%tenant, keys, "looked after {keys} API keys of tenant {tenant}");
    }
    Ok(())
}
