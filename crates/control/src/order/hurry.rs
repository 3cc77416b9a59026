//! Somebody has put right what an order was refused for, and would rather not wait.

use super::{CLASS, Standing, rows};
use access::{Permit, TenantAction, Writes};
use domain::{Hostname, Moment};
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
    store
        .write(permit, async |tx| {
            let order = rows::find(tx, host).await?.filter(|order| order.standing == Standing::Failed);
            let lately = Moment::from_micros(tx.now().micros() - AT_MOST_EVERY.as_micros() as i64);
            let Some(order) = order.filter(|order| order.asked_at <= lately) else { return Ok(()) };
            // The job that waits finds another in its place.
            let job = tx.enqueue(CLASS, "order", host.as_str(), tx.now()).await?;
            rows::give_to(tx, host, job).await?;
            rows::settle(tx, &super::Order { due_at: tx.now(), ..order }).await
        })
        .await
}
