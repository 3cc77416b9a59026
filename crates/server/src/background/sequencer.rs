//! Puts waiting audit lines in order, tenant by tenant.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{SequenceAudit, Upkeep};
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How long a line waits at most for its place, save under load.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = sequence(&node).await {
            tracing::warn!(%error, "audit lines could not be put in order: {error}");
        }
    })
    .await;
}

async fn sequence(node: &Node) -> Result<(), StoreError> {
    let warden = &node.web.warden;
    let Ok(upkeep) = warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    for tenant in node.store.tenants_with_waiting_lines(&upkeep).await? {
        let permit = warden.background::<SequenceAudit>(tenant, origin(node));
        // A trail that was tampered with takes no more lines; the others go on.
        match node.store.sequence_audit(&permit, &node.keyring.load()).await {
            Ok(lines) => node.metrics.sequenced(lines),
            Err(error) => tracing::error!(%tenant, %error, "the audit trail takes no more lines: {error}"),
        }
    }
    Ok(())
}
