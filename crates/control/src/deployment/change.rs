//! A deployment gets another name, other backends, or another way of sharing requests among them.

use super::{Deployment, DeploymentError, Upstream, create::facts, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Balancing, Change, DeploymentId, DisplayName, Event, Region, event::names};
use store::Store;

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<DisplayName>,
    /// Other backends, the whole list.
    pub upstreams: Option<Vec<Upstream>>,
    /// Other rules of sharing requests among them, all of them.
    pub balancing: Option<Balancing>,
    /// Another region; `Some(None)` for none.
    pub region: Option<Option<Region>>,
}

/// Changes a deployment; gives it as it is now.
///
/// # Errors
/// [`DeploymentError`].
pub async fn change(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: DeploymentId,
    changes: Changes,
) -> Result<Deployment, DeploymentError> {
    store
        .operate(permit, async |tx| {
            let old = rows::find(tx, id).await?.ok_or(DeploymentError::Unknown)?;
            let new = Deployment {
                id,
                name: changes.name.unwrap_or_else(|| old.name.clone()),
                upstreams: changes.upstreams.unwrap_or_else(|| old.upstreams.clone()),
                balancing: changes.balancing.unwrap_or_else(|| old.balancing.clone()),
                region: changes.region.unwrap_or_else(|| old.region.clone()),
                changed_at: tx.now(),
            };
            let new = new.sound()?;
            if !rows::may_be_called(tx, id, &new.name).await? {
                return Err(DeploymentError::NameTaken);
            }
            rows::put(tx, &new).await?;
            tx.changed(Change::new(id, facts(&old), facts(&new)));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, id)).await?;
            Ok(new)
        })
        .await
}
