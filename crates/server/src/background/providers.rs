//! Fetches the metadata of SAML providers anew, so that nobody who signs in waits for it and new certificates arrive by
//! themselves.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{LookAfterProviders, Upkeep};
use identity::provider;
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How long after its moment a look comes at most.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = look_after(&node).await {
            tracing::warn!(%error, "metadata of providers could not be looked after: {error}");
        }
    })
    .await;
}

async fn look_after(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    for due in provider::due(&node.identity, &upkeep).await? {
        let permit = warden.background::<LookAfterProviders>(due.tenant, origin(node));
        let (tenant, id) = (due.tenant, due.provider);
        if let Err(error) = provider::look_after(&node.identity, &permit, &due).await {
            tracing::warn!(%tenant, provider = %id, %error, "provider {id} could not be looked after: {error}");
        }
    }
    Ok(())
}
