//! Looks after tenants' own domains: their proof is looked at again and again, and claims that were never proved
//! end.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{LookAfterDomains, Upkeep};
use control::own_domain;
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How long after its moment a look comes at most.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = look_after(&node).await {
            tracing::warn!(%error, "domains could not be looked after: {error}");
        }
    })
    .await;
}

async fn look_after(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    for due in own_domain::due(&node.control, &upkeep).await? {
        let permit = warden.background::<LookAfterDomains>(due.tenant, origin(node));
        let (tenant, host) = (due.tenant, &due.host);
        match own_domain::look_after(&node.control, &permit, &due).await {
            Ok(()) => tracing::info!(%tenant, %host, "looked at the domain {host} of tenant {tenant}"),
            Err(error) => {
                tracing::warn!(%tenant, %host, %error, "the domain {host} could not be looked at: {error}");
            }
        }
    }
    Ok(())
}
