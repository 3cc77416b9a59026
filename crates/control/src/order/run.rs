//! One order is carried out.

use super::{
    Asked, No, Obtained, Order, Ordering, Show, Wish,
    account::{account, rest, take_leave},
    plan::TAKEN_OVER,
    rows, settle,
};
use crate::{Control, certificate, hostname};
use access::{ClaimedJob, OperatorPermit, Origin, Permit, RunJob, Upkeep};
use domain::{Event, Hostname, Moment, event::names};
use futures_util::FutureExt;
use std::time::Duration;
use store::{Store, StoreError};

const HOUR: Duration = Duration::from_secs(3_600);

/// Asks the authority for the certificate that the job is about, and sees to the job that comes after it. A refusal
/// is no error: it stands with the order, and with the time of the next try.
///
/// # Errors
/// [`StoreError`]: nothing is settled, and the job is to be tried again.
pub async fn run(
    room: &Control,
    ordering: &Ordering,
    permit: &Permit<RunJob>,
    job: &ClaimedJob,
) -> Result<(), StoreError> {
    let origin = Origin { request: permit.caller().request() };
    let host = job.body.parse::<Hostname>().ok();
    let (Some(host), Ok(upkeep)) = (host, room.web.warden.platform::<Upkeep>(origin)) else {
        return room.store.complete_job(permit, job).await;
    };
    let owner = room.store.survey(&upkeep, async |tx| hostname::rows::owner(tx, &host).await).await?;
    let Some(order) = wanted(&room.store, permit, job, &host, owner == Some(permit.tenant_id())).await?
    else {
        return Ok(());
    };
    if let Some((at, why)) = too_many(&room.store, &upkeep, permit, ordering).await? {
        return settle::postpone(&room.store, permit, job, order, at, why).await;
    }
    room.store.write(permit, async |tx| rows::note_asking(tx, &host).await).await?;
    match obtain(&room.store, &upkeep, permit, ordering, &order).await {
        Ok(obtained) => {
            let Obtained { chain, key } = &obtained;
            match (room.check_pair)(&host, chain, key.reveal(), room.store.clock().now()) {
                Ok(ends_at) => settle::hold(&room.store, permit, job, order, &obtained, ends_at).await,
                Err(why) => {
                    let no =
                        No::because(format!("what the certificate authority gave cannot be used: {why}"));
                    settle::fail(&room.store, permit, job, order, &no, ordering.retry).await
                }
            }
        }
        Err(no) => {
            if let Some(span) = no.rest {
                rest(&room.store, &upkeep, ordering, span).await?;
            }
            settle::fail(&room.store, permit, job, order, &no, ordering.retry).await
        }
    }
}

/// The order, if the job is still the one to act on it, and the name still wants a certificate of ours.
async fn wanted(
    store: &Store,
    permit: &Permit<RunJob>,
    job: &ClaimedJob,
    host: &Hostname,
    is_mapped: bool,
) -> Result<Option<Order>, StoreError> {
    store
        .write(permit, async |tx| {
            let order = rows::find(tx, host).await?.filter(|order| order.job == job.id.to_string());
            let uploaded = certificate::uploaded_until(tx, host).await?;
            let is_theirs = uploaded.is_some_and(|ends| ends > tx.now() + TAKEN_OVER);
            if order.is_some() && is_mapped && !is_theirs {
                return Ok(order);
            }
            if order.is_some() {
                rows::forget(tx, host).await?;
            }
            tx.complete(job).await?;
            Ok(None)
        })
        .await
}

/// Whether this hour has had enough orders: until when to wait, and why.
async fn too_many(
    store: &Store,
    upkeep: &OperatorPermit<Upkeep>,
    permit: &Permit<RunJob>,
    ordering: &Ordering,
) -> Result<Option<(Moment, &'static str)>, StoreError> {
    let now = store.clock().now();
    let hour_ago = Moment::from_micros(now.micros() - HOUR.as_micros() as i64);
    let theirs = store.read(permit, async |tx| rows::asked_since(tx, hour_ago).await).await?;
    if theirs >= i64::from(ordering.per_tenant) {
        return Ok(Some((
            now + HOUR / 4,
            "as many certificates were ordered for you in this hour as may be",
        )));
    }
    let until = take_leave(store, upkeep, ordering).await?;
    Ok(until.map(|at| (at, "as many certificates were ordered in this hour as the authority allows")))
}

async fn obtain(
    store: &Store,
    upkeep: &OperatorPermit<Upkeep>,
    permit: &Permit<RunJob>,
    ordering: &Ordering,
    order: &Order,
) -> Result<Obtained, No> {
    let account = account(store, upkeep, ordering).await?;
    let host = &order.host;
    let show: Show<'_> = Box::new(|asked| show(store, permit, host, asked).boxed());
    ordering.authority.obtain(Wish { host, account: &account, tries: order.tries }, show).await
}

/// Every node hears of it, and shows it.
async fn show(
    store: &Store,
    permit: &Permit<RunJob>,
    host: &Hostname,
    asked: Asked,
) -> Result<(), StoreError> {
    store
        .write(permit, async |tx| {
            rows::show(tx, host, &asked).await?;
            tx.emit(Event::new(names::CERTIFICATE_CHANGED, host)).await?;
            Ok(())
        })
        .await
}
