//! What a node does without being asked: it listens to the change feed, puts audit lines in order, notes
//! what the warden saw, stores traffic counts, counts rates together with other nodes, closes idle
//! connections to upstreams, asks these whether they are well, counts dead jobs, looks after API keys and domains,
//! orders certificates, tells applications of sessions that ended, and removes what has ended. Every loop
//! ends when the node stops, logs its own failures and tries again.

mod anchors;
mod domains;
mod feed;
mod issuers;
mod jobs;
mod keys;
mod logouts;
mod meters;
mod orders;
mod providers;
mod sequencer;
mod shares;
mod sweeper;
mod witness;

pub use issuers::Asking;
pub use witness::{Notes, Watcher};

use crate::{assemble::Node, listen::Stop};
use access::Origin;
use domain::RequestId;
use std::{sync::Arc, time::Duration};
use store::Feed;
use tokio::task::JoinSet;

/// Starts every loop. They end by themselves when it is time to stop.
pub fn start(node: &Arc<Node>, feed: Feed, notes: Notes, stop: &Stop) -> JoinSet<()> {
    let mut loops = JoinSet::new();
    loops.spawn(feed::listen(node.clone(), feed, stop.clone()));
    loops.spawn(sequencer::run(node.clone(), stop.clone()));
    loops.spawn(witness::write(node.clone(), notes, stop.clone()));
    loops.spawn(meters::store(node.clone(), stop.clone()));
    loops.spawn(shares::take(node.clone(), stop.clone()));
    loops.spawn(close_idle(node.clone(), stop.clone()));
    loops.spawn(check_upstreams(node.clone(), stop.clone()));
    loops.spawn(look_for_exposure(node.clone(), stop.clone()));
    loops.spawn(jobs::count(node.clone(), stop.clone()));
    loops.spawn(keys::run(node.clone(), stop.clone()));
    loops.spawn(logouts::run(node.clone(), stop.clone()));
    loops.spawn(issuers::run(node.clone(), stop.clone()));
    loops.spawn(domains::run(node.clone(), stop.clone()));
    loops.spawn(orders::plan(node.clone(), stop.clone()));
    loops.spawn(orders::work(node.clone(), stop.clone()));
    loops.spawn(anchors::run(node.clone(), stop.clone()));
    loops.spawn(providers::run(node.clone(), stop.clone()));
    loops.spawn(sweeper::run(node.clone(), stop.clone()));
    loops
}

/// Connections to upstreams are kept for seconds, so that they are looked through every second.
async fn close_idle(node: Arc<Node>, stop: Stop) {
    stop.every(Duration::from_secs(1), async || node.gateway.upkeep()).await;
}

/// Backends are asked whether they are well, where the operator says how.
async fn check_upstreams(node: Arc<Node>, mut stop: Stop) {
    tokio::select! {
        () = node.gateway.check_upstreams() => {}
        () = stop.wait() => {}
    }
}

/// How often backends are asked without a context.
const HOUR: Duration = Duration::from_secs(3_600);

/// Backends are asked whether they answer those who come around the gateway.
async fn look_for_exposure(node: Arc<Node>, stop: Stop) {
    stop.every(HOUR, async || node.gateway.look_for_exposure(None).await).await;
}

/// Where a loop's own work comes from: each round is a request of its own in the log and the audit trail.
fn origin(node: &Node) -> Origin {
    Origin { request: RequestId::new(node.web.clock.now(), &node.web.chance) }
}
