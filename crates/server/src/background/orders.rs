//! Orders certificates: names that should have one get an order, and orders whose time has come are carried out, a few
//! at once, whichever node is first.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{ClaimedJob, Permit, RunJob, Upkeep};
use control::order::{self, CLASS, Ordering};
use std::{sync::Arc, time::Duration};
use store::StoreError;
use tokio::{task::JoinSet, time::sleep};

/// How often a node looks for orders whose time has come.
const PAUSE: Duration = Duration::from_secs(1);
/// How many a node carries out at once.
const MOST: usize = 8;
/// How often names without an order are looked for where nothing is heard of any.
const LOOK: Duration = Duration::from_secs(300);
/// Several changes are looked at together.
const GATHER: Duration = Duration::from_secs(1);
/// How often a lease is made to last, which it does for a minute.
const RENEW: Duration = Duration::from_secs(20);
/// An order that is not done by then is given up.
const LONGEST: Duration = Duration::from_secs(300);

/// Looks for names without an order.
pub(super) async fn plan(node: Arc<Node>, mut stop: Stop) {
    if node.control.ordering.is_none() {
        return;
    }
    loop {
        if let Err(error) = plan_once(&node).await {
            tracing::warn!(%error, "names could not be looked through for certificates: {error}");
        }
        tokio::select! {
            () = stop.wait() => return,
            () = async { node.names_changed.notified().await; sleep(GATHER).await } => {}
            () = sleep(LOOK) => {}
        }
    }
}

async fn plan_once(node: &Node) -> Result<(), StoreError> {
    let Ok(upkeep) = node.web.warden.platform::<Upkeep>(origin(node)) else { return Ok(()) };
    let begun = order::plan(&node.control, &upkeep).await?;
    if begun > 0 {
        tracing::info!(begun, "orders for certificates were begun: {begun}");
    }
    Ok(())
}

/// Carries out orders.
pub(super) async fn work(node: Arc<Node>, mut stop: Stop) {
    let Some(ordering) = node.control.ordering.clone() else { return };
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        while under_way.len() < MOST {
            match node.web.warden.claim(CLASS, origin(&node)).await {
                Ok(Some((permit, job))) => {
                    under_way.spawn(carry_out(node.clone(), ordering.clone(), permit, job));
                }
                Ok(None) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "orders cannot be looked for: {refusal}");
                    break;
                }
            }
        }
        tokio::select! {
            // What is under way is cut, and its lease ends: another node takes it up.
            () = stop.wait() => return,
            () = sleep(PAUSE) => {}
        }
    }
}

async fn carry_out(node: Arc<Node>, ordering: Ordering, permit: Permit<RunJob>, job: ClaimedJob) {
    let held = async {
        loop {
            sleep(RENEW).await;
            if let Err(error) = node.store.renew_job(&permit, &job).await {
                return error;
            }
        }
    };
    let done = tokio::select! {
        done = order::run(&node.control, &ordering, &permit, &job) => done.map_err(|error| error.to_string()),
        lost = held => Err(lost.to_string()),
        () = sleep(LONGEST) => Err("it took too long".to_owned()),
    };
    let Err(why) = done else { return };
    tracing::warn!(tenant = %job.tenant, job = %job.id, "the order {} could not be carried out: {why}", job.id);
    // A lease that is lost is somebody else's by now.
    let _ = node.store.fail_job(&permit, &job, &why).await;
}
