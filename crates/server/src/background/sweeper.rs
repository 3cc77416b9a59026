//! Removes what has ended.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{SweepTenant, Upkeep};
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// What has ended is refused at once; its rows may stay a while.
const PAUSE: Duration = Duration::from_secs(300);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = sweep(&node).await {
            tracing::warn!(%error, "what has ended could not be removed: {error}");
        }
    })
    .await;
}

async fn sweep(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    node.store.sweep_platform(&upkeep).await?;
    for tenant in node.store.tenants_to_sweep(&upkeep).await? {
        let permit = warden.background::<SweepTenant>(tenant, origin(node));
        node.store.sweep_tenant(&permit).await?;
    }
    Ok(())
}
