//! Counts rates together with other nodes: takes shares for this one before it needs them, gives back what it
//! does not need, and hears where nothing is left. No request waits for any of it.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{OperatorPermit, Upkeep};
use domain::{Digest, Moment};
use gateway::{ShareAsk, Shares};
use std::{sync::Arc, time::Duration};
use store::{RateShare, StoreError};
use tokio::time::{Instant, sleep, sleep_until};

/// How often it is looked for shares that nobody uses.
const PAUSE: Duration = Duration::from_millis(500);
/// How long bells that ring together are taken for one.
const TOGETHER: Duration = Duration::from_millis(5);
/// How many shares are taken in one transaction.
const BATCH: usize = 200;

pub(super) async fn take(node: Arc<Node>, mut stop: Stop) {
    if !node.gateway.shares().are_shared() {
        return;
    }
    tokio::select! {
        () = keep_taking(&node) => {}
        () = hear(&node) => {}
        () = stop.wait() => {}
    }
}

async fn keep_taking(node: &Node) {
    let shares = node.gateway.shares();
    let mut look = Instant::now() + PAUSE;
    loop {
        tokio::select! {
            () = shares.wanted() => {}
            () = sleep_until(look) => {}
        }
        if Instant::now() >= look {
            look = Instant::now() + PAUSE;
            let now = u64::try_from(node.web.clock.now().seconds()).unwrap_or(0);
            ask(node, shares, shares.spare(now)).await;
        }
        ask(node, shares, shares.asks()).await;
    }
}

async fn ask(node: &Node, shares: &Shares, mut asks: Vec<ShareAsk>) {
    while !asks.is_empty() {
        let rest = asks.split_off(asks.len().min(BATCH));
        match put(node, &asks).await {
            Ok(taken) => shares.settle(asks, &taken),
            Err(error) => {
                tracing::warn!(%error, "rates cannot be counted together with other nodes, this one counts by itself: {error}");
                shares.fail(&asks);
                sleep(PAUSE).await;
            }
        }
        asks = rest;
    }
}

async fn put(node: &Node, asks: &[ShareAsk]) -> Result<Vec<i64>, StoreError> {
    let Some(upkeep) = upkeep(node) else { return Ok(vec![0; asks.len()]) };
    let share = |ask: &ShareAsk| RateShare {
        budget: ask.budget,
        ends: i64::try_from(ask.ends).unwrap_or(i64::MAX),
        amount: ask.amount,
        limit: ask.limit.into(),
    };
    let shares: Vec<RateShare> = asks.iter().map(share).collect();
    node.store.take_shares(&upkeep, &shares).await
}

/// Nodes ring when nothing is left of something, and when anything else was told.
async fn hear(node: &Node) {
    let mut since = node.web.clock.now();
    loop {
        tokio::select! {
            () = node.store.bell() => sleep(TOGETHER).await,
            () = sleep(PAUSE) => {}
        }
        let now = node.web.clock.now();
        match drained(node, since).await {
            Ok(drained) => {
                node.gateway.shares().hear_drained(&drained);
                since = now;
            }
            Err(error) => {
                tracing::debug!(%error, "what is left of rates cannot be heard: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn drained(node: &Node, since: Moment) -> Result<Vec<(Digest, u64)>, StoreError> {
    let Some(upkeep) = upkeep(node) else { return Ok(Vec::new()) };
    let drained = node.store.drained_since(&upkeep, since).await?;
    Ok(drained.iter().filter_map(|one| Some((one.budget, one.ends.try_into().ok()?))).collect())
}

fn upkeep(node: &Node) -> Option<OperatorPermit<Upkeep>> {
    node.web.warden.platform::<Upkeep>(origin(node)).ok()
}
