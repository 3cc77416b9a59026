//! The proof secret is rolled, in two steps so that no request is refused in between.

use super::{Deployment, DeploymentError, ProofSecrets, WithSecret, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, DeploymentId, Event, Secret, event::names};
use store::{OperatorWrite, Store};

/// Makes the next secret, which the gateway does not use yet; one that was made before is forgotten.
///
/// # Errors
/// [`DeploymentError::Unknown`].
pub async fn prepare(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: DeploymentId,
) -> Result<WithSecret, DeploymentError> {
    store
        .operate(permit, async |tx| {
            let (deployment, mut secrets) = open(tx, id).await?;
            let before = secrets.told();
            let next = Secret::new(tx.new_token());
            secrets.next = Some(next.clone());
            rows::put_secrets(tx, id, &secrets).await?;
            tx.changed(Change::new(id, before, secrets.told()));
            Ok(WithSecret { deployment, secret: next })
        })
        .await
}

/// Lets the next secret take over; the one before is forgotten.
///
/// # Errors
/// [`DeploymentError::NothingPrepared`] if there is no next one.
pub async fn take_over(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: DeploymentId,
) -> Result<Deployment, DeploymentError> {
    store
        .operate(permit, async |tx| {
            let (deployment, secrets) = open(tx, id).await?;
            let before = secrets.told();
            let current = secrets.next.ok_or(DeploymentError::NothingPrepared)?;
            let taken = ProofSecrets { current, next: None };
            rows::put_secrets(tx, id, &taken).await?;
            tx.changed(Change::new(id, before, taken.told()));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, id)).await?;
            Ok(deployment)
        })
        .await
}

async fn open(
    tx: &mut OperatorWrite,
    id: DeploymentId,
) -> Result<(Deployment, ProofSecrets), DeploymentError> {
    let row = rows::find_sealed(tx, id).await?.ok_or(DeploymentError::Unknown)?;
    let secrets = ProofSecrets::open(tx.master(), id, &row.sealed)?;
    Ok((row.deployment, secrets))
}
