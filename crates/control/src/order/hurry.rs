//! Somebody has put right what an order was refused for, and would rather not wait.

use super::{CLASS, Order, Standing, rows};
use access::{Permit, TenantAction, Writes};
use domain::{Change, Hostname, Moment};
use serde_json::json;
use std::time::Duration;
use store::{Store, StoreError};

/// Authorities count refusals for each name, so that nobody hurries them more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(15 * 60);

/// Has a refused order carried out now. Does nothing to any other, nor to one that was tried lately.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn hurry<A: TenantAction + Writes>(
    store: &Store,
    permit: &Permit<A>,
    host: &Hostname,
) -> Result<(), StoreError> {
    // A write leaves a line, and there is nothing to tell of where nothing is hurried.
    let order = store.read(permit, async |tx| rows::find(tx, host).await).await?;
    if !order.is_some_and(|order| may_be_hurried(&order, store.clock().now())) {
        return Ok(());
    }
    store
        .write(permit, async |tx| {
            let order = rows::find(tx, host).await?;
            let Some(order) = order.filter(|order| may_be_hurried(order, tx.now())) else { return Ok(()) };
            // The job that waits finds another in its place.
            let job = tx.enqueue(CLASS, "order", host.as_str(), tx.now()).await?;
            rows::give_to(tx, host, job).await?;
            let before = json!({ "due_at": order.due_at.to_string() });
            tx.changed(Change::new(host, before, json!({ "due_at": tx.now().to_string() })));
            rows::settle(tx, &Order { due_at: tx.now(), ..order }).await
        })
        .await
}

fn may_be_hurried(order: &Order, now: Moment) -> bool {
    let lately = Moment::from_micros(now.micros() - AT_MOST_EVERY.as_micros() as i64);
    order.standing == Standing::Failed && order.asked_at <= lately
}
