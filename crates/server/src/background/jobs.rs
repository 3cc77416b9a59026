//! Counts the jobs that are dead, so that somebody is told.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::Upkeep;
use std::{sync::Arc, time::Duration};
use store::StoreError;

/// How old the number on the metrics page is at most.
const PAUSE: Duration = Duration::from_secs(15);

pub(super) async fn count(node: Arc<Node>, stop: Stop) {
    stop.every(PAUSE, || async {
        if let Err(error) = count_dead(&node).await {
            tracing::warn!(%error, "dead jobs could not be counted: {error}");
        }
    })
    .await;
}

async fn count_dead(node: &Node) -> Result<(), StoreError> {
    let Ok(upkeep) = node.web.warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    let dead = node.store.survey(&upkeep, async |tx| tx.dead_jobs().await).await?;
    node.metrics.dead_jobs(dead);
    Ok(())
}
