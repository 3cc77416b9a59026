//! Listens to the change feed and keeps memory true.

use crate::{assemble::Node, listen::Stop};
use domain::{Heard, event::names};
use std::{sync::Arc, time::Duration};
use store::Feed;

/// After a failure, before the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// What makes a node load deployments, routes, roles and keys anew.
const PLATFORM: [&str; 3] = [names::DEPLOYMENT_CHANGED, names::ROLES_CHANGED, names::KEYS_CHANGED];

/// Listens until it is time to stop. `feed` was opened before memory was filled, so that nothing that
/// changed in between is missed.
pub(super) async fn listen(node: Arc<Node>, mut feed: Feed, mut stop: Stop) {
    loop {
        let heard = tokio::select! {
            heard = feed.next() => heard,
            () = stop.wait() => return,
        };
        match heard {
            Ok(events) => take_in(&node, &events).await,
            Err(error) => {
                tracing::warn!(%error, "the change feed cannot be heard: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Takes in what was told. An event that cannot be taken in now is tried until it can: to pass over one
/// would leave memory false for ever.
async fn take_in(node: &Node, events: &[Heard]) {
    for event in events {
        while let Err(error) = node.web.warden.hear(event).await {
            tracing::warn!(%error, event = event.name, "an event cannot be taken in yet: {error}");
            tokio::time::sleep(PAUSE).await;
        }
    }
    node.metrics.heard(events.len() as u64);
    node.web.warden.heard();
    if events.iter().any(|event| PLATFORM.contains(&event.name.as_str())) {
        while let Err(error) = node.load_platform().await {
            tracing::warn!(%error, "what changed about the platform cannot be loaded yet: {error}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
