//! How an order stands after a try, and when the next one comes.

use super::{CLASS, No, Obtained, Order, Standing, rows};
use crate::certificate;
use access::{ClaimedJob, Permit, RunJob};
use domain::{Chance, Change, Event, Moment, event::names};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Store, StoreError, TenantWrite};

/// The longest that a failed order waits.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// What is kept of a refusal's words.
const MOST_WORDS: usize = 500;

/// There is a certificate. The next one is ordered when two thirds of its life have gone by.
pub(super) async fn hold(
    store: &Store,
    permit: &Permit<RunJob>,
    job: &ClaimedJob,
    order: Order,
    obtained: &Obtained,
    ends_at: Moment,
) -> Result<(), StoreError> {
    let now = store.clock().now();
    let due_at = now + spread(ends_at.since(now).mul_f64(2.0 / 3.0), store.chance());
    let next = Order { standing: Standing::Held, fault: String::new(), tries: 0, due_at, ..order };
    store
        .write(permit, async |tx| {
            if !go_on(tx, job, &next).await? {
                return Ok(());
            }
            let (host, chain) = (&next.host, obtained.chain.as_str());
            certificate::keep(tx, host, chain, &obtained.key, ends_at, certificate::Source::Ordered).await?;
            let after = json!({ "certificate": "ordered", "ends_at": ends_at.to_string() });
            tx.changed(Change::new(host, Value::Null, after));
            Ok(())
        })
        .await
}

/// There is none. Each try waits three times as long as the one before.
pub(super) async fn fail(
    store: &Store,
    permit: &Permit<RunJob>,
    job: &ClaimedJob,
    order: Order,
    no: &No,
    retry: Duration,
) -> Result<(), StoreError> {
    let (now, tries) = (store.clock().now(), order.tries + 1);
    let wait = spread(wait(retry, tries).max(no.rest.unwrap_or_default()), store.chance());
    let fault: String = no.why.chars().take(MOST_WORDS).collect();
    let (tenant, host) = (permit.tenant_id(), &order.host);
    tracing::warn!(%tenant, %host, tries, "no certificate for {host}: {fault}");
    let next = Order { standing: Standing::Failed, fault, tries, due_at: now + wait, ..order };
    store
        .write(permit, async |tx| {
            if go_on(tx, job, &next).await? {
                let after = json!({ "certificate": "refused", "why": next.fault });
                tx.changed(Change::new(&next.host, Value::Null, after));
            }
            Ok(())
        })
        .await
}

/// It was not its turn.
pub(super) async fn postpone(
    store: &Store,
    permit: &Permit<RunJob>,
    job: &ClaimedJob,
    order: Order,
    at: Moment,
    why: &str,
) -> Result<(), StoreError> {
    // Not all that wait at the same moment.
    let due_at = at + spread(Duration::from_secs(300), store.chance());
    let next = Order { fault: why.to_owned(), due_at, ..order };
    store.write(permit, async |tx| go_on(tx, job, &next).await.map(drop)).await
}

/// Ends this job and queues the next; gives whether the order was still there for it.
async fn go_on(tx: &mut TenantWrite, job: &ClaimedJob, next: &Order) -> Result<bool, StoreError> {
    tx.complete(job).await?;
    let seen = rows::find(tx, &next.host).await?;
    if seen.is_none_or(|seen| seen.job != job.id.to_string()) {
        return Ok(false);
    }
    rows::settle(tx, next).await?;
    let job = tx.enqueue(CLASS, "order", next.host.as_str(), next.due_at).await?;
    rows::give_to(tx, &next.host, job).await?;
    tx.emit(Event::new(names::CERTIFICATE_CHANGED, &next.host)).await?;
    Ok(true)
}

fn wait(retry: Duration, tries: i64) -> Duration {
    let thirds = u32::try_from(tries.clamp(1, 12) - 1).unwrap_or_default();
    retry.saturating_mul(3_u32.saturating_pow(thirds)).min(LONGEST)
}

/// Between nine tenths of it and all of it.
fn spread(span: Duration, chance: &Chance) -> Duration {
    let part = f64::from(u32::from_be_bytes(chance.bytes())) / f64::from(u32::MAX);
    span.mul_f64(0.9 + part / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_waits_longer_each_time_and_a_day_at_most() {
        let minutes = |tries| wait(Duration::from_secs(600), tries).as_secs() / 60;
        assert_eq!([1, 2, 3, 4, 5, 6, 99].map(minutes), [10, 30, 90, 270, 810, 1_440, 1_440]);
    }
}
