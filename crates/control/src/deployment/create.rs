//! A deployment is made, with its proof secret.

use super::{Deployment, DeploymentError, ProofSecrets, Upstream, WithSecret, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Balancing, Change, DisplayName, Event, Region, event::names};
use serde_json::{Value, json};
use store::Store;

/// What a new deployment is to be like.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    /// Its name.
    pub name: DisplayName,
    /// Its backends; none yet is fine.
    pub upstreams: Vec<Upstream>,
    /// How requests are shared among them.
    pub balancing: Balancing,
    /// The region that it is in; none where every node asks it.
    pub region: Option<Region>,
}

/// Makes a deployment.
///
/// # Errors
/// [`DeploymentError::NameTaken`], [`DeploymentError::Upstreams`], [`DeploymentError::Balancing`].
pub async fn create(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    new: NewDeployment,
) -> Result<WithSecret, DeploymentError> {
    store
        .operate(permit, async |tx| {
            let deployment = Deployment {
                id: tx.new_id(),
                name: new.name,
                upstreams: new.upstreams,
                balancing: new.balancing,
                region: new.region,
                changed_at: tx.now(),
            };
            let deployment = deployment.sound()?;
            if !rows::may_be_called(tx, deployment.id, &deployment.name).await? {
                return Err(DeploymentError::NameTaken);
            }
            let secrets = ProofSecrets::make(tx);
            rows::add(tx, &deployment, &secrets).await?;
            tx.changed(Change::new(deployment.id, Value::Null, facts(&deployment)));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, deployment.id)).await?;
            Ok(WithSecret { deployment, secret: secrets.current })
        })
        .await
}

/// What an audit line says of a deployment.
pub(super) fn facts(deployment: &Deployment) -> Value {
    json!({
        "name": deployment.name,
        "upstreams": deployment.upstreams,
        "balancing": deployment.balancing,
        "region": deployment.region.as_ref().map(Region::as_str),
    })
}
