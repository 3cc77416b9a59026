//! Stores what the gateway counted, as cumulative values of this node's life, so that storing one twice
//! counts it once.

use super::origin;
use crate::{assemble::Node, listen::Stop};
use access::{Permit, StoreMeters};
use domain::{SubscriberId, TenantId};
use gateway::Reading;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::StoreError;
use tokio::time::Instant;

/// How much counting is lost when a node dies: so much, or up to [`LONGEST_PAUSE`] at a node with many busy tenants.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Storing costs a row for each meter of each tenant that was busy meanwhile. One part in so many of the time is
/// spent on it, so that it does not become a good part of what a request costs.
const SHARE_OF_TIME: u32 = 50;
const HOUR: i64 = 3_600;
/// Tenants whose counts are stored in one transaction: enough that its cost is spread, few enough that others who
/// want to write do not wait for long.
const BATCH: usize = 500;

/// Of whom something was counted: a tenant, or one of its subscribers.
type Whose = (TenantId, Option<SubscriberId>);
/// What this node counted in one hour, by meter.
type Totals = HashMap<(Whose, i64), [i64; 5]>;

const METERS: [&str; 5] = ["requests", "errors", "bytes_in", "bytes_out", "upstream_ms"];

pub(super) async fn store(node: Arc<Node>, mut stop: Stop) {
    let totals = Mutex::new(Totals::new());
    while !stop.is_time() {
        let begun = Instant::now();
        flush(&node, &totals).await;
        stop.rest((begun.elapsed() * SHARE_OF_TIME).clamp(PAUSE, LONGEST_PAUSE)).await;
    }
    flush(&node, &totals).await;
}

async fn flush(node: &Node, totals: &Mutex<Totals>) {
    let hour = node.web.clock.now().seconds().div_euclid(HOUR);
    let changed = {
        let mut totals = totals.lock().expect("nothing panics while it holds this");
        // Hours that are over and stored need no keeping.
        totals.retain(|(_, then), _| *then + 1 >= hour);
        node.gateway.meters().forget(u64::try_from(node.web.clock.now().seconds()).unwrap_or(0));
        let readings = node.gateway.meters().drain();
        let mut changed: Vec<_> = readings.iter().map(|reading| add(&mut totals, reading, hour)).collect();
        // Neighbours in the table lie on the same pages, which a transaction writes whole.
        changed.sort_unstable_by_key(|(whose, _)| *whose);
        changed
    };
    for batch in changed.chunks(BATCH) {
        if let Err(error) = put(node, hour, batch).await {
            // The next flush of this hour holds these counts too, so nothing is lost yet.
            tracing::warn!(tenants = batch.len(), %error, "traffic counts could not be stored: {error}");
        }
    }
}

fn add(totals: &mut Totals, reading: &Reading, hour: i64) -> (Whose, [i64; 5]) {
    let (whose, used) = ((reading.tenant, reading.subscriber), reading.used);
    let total = totals.entry((whose, hour)).or_default();
    let more = [used.requests, used.errors, used.bytes_in, used.bytes_out, used.upstream_ms];
    for (sum, more) in total.iter_mut().zip(more) {
        *sum = sum.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    }
    (whose, *total)
}

async fn put(node: &Node, hour: i64, batch: &[(Whose, [i64; 5])]) -> Result<(), StoreError> {
    let (warden, origin) = (&node.web.warden, origin(node));
    let counted: Vec<(Permit<StoreMeters>, Option<SubscriberId>, Vec<_>)> = batch
        .iter()
        .map(|((tenant, subscriber), values)| {
            let read = METERS.into_iter().zip(*values).filter(|(_, value)| *value > 0);
            let readings = read.map(|(meter, value)| (meter, hour, value)).collect();
            (warden.background(*tenant, origin), *subscriber, readings)
        })
        .collect();
    let (mut tenants, mut subscribers) = (Vec::new(), Vec::new());
    for (permit, subscriber, readings) in &counted {
        match subscriber {
            None => tenants.push((permit, readings.as_slice())),
            Some(subscriber) => subscribers.push((permit, *subscriber, readings.as_slice())),
        }
    }
    node.store.record_all_traffic(node.id, &tenants).await?;
    node.store.record_subscribers_traffic(node.id, &subscribers).await
}
