//! Listens to the change feed and keeps memory true.

use crate::{assemble::Node, listen::Stop};
use domain::{Heard, event::names};
use std::{fmt::Display, sync::Arc, time::Duration};
use store::{Feed, News};

/// After a failure, before the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// What makes a node load deployments, routes, roles and keys anew.
const PLATFORM: [&str; 5] = [
    names::DEPLOYMENT_CHANGED,
    names::ROLES_CHANGED,
    names::KEYS_CHANGED,
    names::ISSUER_CHANGED,
    names::APPLICATION_CHANGED,
];

/// Listens until it is time to stop. `feed` was opened before memory was filled, so that nothing that
/// changed in between is missed.
pub(super) async fn listen(node: Arc<Node>, feed: Feed, mut stop: Stop) {
    tokio::select! {
        () = keep_listening(&node, feed) => {}
        () = stop.wait() => {}
    }
}

async fn keep_listening(node: &Node, mut feed: Feed) {
    loop {
        match feed.next().await {
            Ok(News::Told { events, is_all }) => take_in(node, &events, is_all).await,
            Ok(News::Missed) => begin_anew(node).await,
            Err(error) => {
                tracing::warn!(%error, "the change feed cannot be heard: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Takes in what was told. What cannot be taken in now is tried until it can: to pass over an event
/// would leave memory false for ever. Memory is fresh only when nothing more waits to be heard.
async fn take_in(node: &Node, events: &[Heard], is_all: bool) {
    while let Err(error) = node.web.warden.hear(events).await {
        pause("tenants", error).await;
    }
    for event in events {
        while let Err(error) = node.hear_of_certificates(event).await {
            pause(&event.name, error).await;
        }
        while let Err(error) = node.hear_of_anchors(event).await {
            pause(&event.name, error).await;
        }
    }
    node.metrics.heard(events.len() as u64);
    if events.iter().any(|event| PLATFORM.contains(&event.name.as_str())) {
        load_platform(node).await;
    }
    if is_all {
        node.web.warden.heard();
    }
}

/// The feed has missed something and has gone to the end: everything that is remembered is loaded once more,
/// and until then nothing of it is believed.
async fn begin_anew(node: &Node) {
    tracing::warn!("the change feed has missed something: everything is loaded anew");
    node.web.warden.lose_touch();
    node.readiness.refilling(true);
    while let Err(error) = node.web.warden.refill().await {
        pause("every tenant", error).await;
    }
    load_platform(node).await;
    while let Err(error) = node.load_certificates().await {
        pause("certificates", error).await;
    }
    while let Err(error) = node.load_anchors().await {
        pause("trust anchors", error).await;
    }
    node.metrics.refilled();
    node.web.warden.heard();
    node.readiness.refilling(false);
    tracing::info!("everything was loaded anew");
}

async fn load_platform(node: &Node) {
    while let Err(error) = node.load_platform().await {
        pause("the platform", error).await;
    }
}

async fn pause(what: &str, error: impl Display) {
    tracing::warn!(%error, what, "what changed cannot be loaded yet ({what}): {error}");
    tokio::time::sleep(PAUSE).await;
}
