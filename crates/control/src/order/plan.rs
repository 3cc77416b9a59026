//! Every name that should have an order gets one.

use super::{CLASS, rows};
use crate::Control;
use access::{OperatorPermit, Origin, RunJob, Upkeep};
use domain::{Hostname, Moment, TenantId};
use std::time::Duration;
use store::StoreError;

/// How many are looked at at once.
const BATCH: u32 = 500;
/// A certificate that the tenant laid down is left alone until so long before its end.
pub(super) const TAKEN_OVER: Duration = Duration::from_secs(24 * 3_600);
/// A name that was ordered for is not ordered for again sooner, however often it comes and goes.
const RESTS: Duration = Duration::from_secs(3_600);

/// Begins an order for each name that has none; gives how many were begun.
///
/// # Errors
/// [`StoreError`].
pub async fn plan(room: &Control, permit: &OperatorPermit<Upkeep>) -> Result<usize, StoreError> {
    let (mut after, mut begun) = (String::new(), 0);
    loop {
        let found = room
            .store
            .survey(permit, async |tx| {
                let rested = Moment::from_micros(tx.now().micros() - RESTS.as_micros() as i64);
                rows::without(tx, &after, tx.now() + TAKEN_OVER, rested, BATCH).await
            })
            .await?;
        let Some(last) = found.last() else { return Ok(begun) };
        after = last.host.to_string();
        for name in &found {
            let origin = Origin { request: permit.request() };
            begun += usize::from(begin(room, origin, name.tenant, &name.host).await?);
        }
    }
}

async fn begin(
    room: &Control,
    origin: Origin,
    tenant: TenantId,
    host: &Hostname,
) -> Result<bool, StoreError> {
    let permit = room.web.warden.background::<RunJob>(tenant, origin);
    room.store
        .write(&permit, async |tx| {
            // Another node may have been quicker.
            if !rows::begin(tx, host).await? {
                return Ok(false);
            }
            let job = tx.enqueue(CLASS, "order", host.as_str(), tx.now()).await?;
            rows::give_to(tx, host, job).await?;
            Ok(true)
        })
        .await
}
