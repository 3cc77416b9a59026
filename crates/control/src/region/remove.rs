//! A region is taken away, once nobody's name can lead there any more.

use super::{RegionError, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, Region, event::names};
use serde_json::{Value, json};
use store::Store;

/// Forgets where the nodes of a region listen. Deployments in it are then asked from everywhere.
///
/// # Errors
/// [`RegionError::Unknown`]; [`RegionError::Needed`] while names of tenants that moved may lead there.
pub async fn remove(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: &Region,
) -> Result<(), RegionError> {
    store
        .operate(permit, async |tx| {
            let mut regions = rows::find(tx).await?;
            let gateways = regions.remove(name).ok_or(RegionError::Unknown)?;
            if let Some(until) = rows::needed(tx).await?.get(name.as_str()) {
                return Err(RegionError::Needed(*until));
            }
            tx.changed(Change::new(name, json!(gateways), Value::Null));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, name)).await?;
            rows::put(tx, &regions).await.map_err(RegionError::Store)
        })
        .await
}
