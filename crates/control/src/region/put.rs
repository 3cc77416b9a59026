//! A region is made known, or its nodes listen elsewhere.

use super::{MOST, RegionError, rows};
use crate::deployment::Upstream;
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, Region, event::names};
use serde_json::json;
use store::Store;

/// Says where the nodes of a region listen.
///
/// # Errors
/// [`RegionError::Gateways`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: Region,
    gateways: Vec<Upstream>,
) -> Result<(), RegionError> {
    store
        .operate(permit, async |tx| {
            let mut regions = rows::find(tx).await?;
            let once = gateways.iter().enumerate().all(|(at, one)| !gateways[..at].contains(one));
            let room = regions.contains_key(&name) || regions.len() < MOST;
            if gateways.is_empty() || gateways.len() > MOST || !once || !room {
                return Err(RegionError::Gateways);
            }
            let (before, after) = (json!(regions.get(&name)), json!(gateways));
            tx.changed(Change::new(&name, before, after));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, &name)).await?;
            regions.insert(name, gateways);
            rows::put(tx, &regions).await.map_err(RegionError::Store)
        })
        .await
}
