//! One deployment.

use super::{Deployment, DeploymentError, rows};
use access::{OperatorPermit, ReadPlatformSettings};
use domain::DeploymentId;
use store::Store;

/// The deployment with this id.
///
/// # Errors
/// [`DeploymentError::Unknown`].
pub async fn read(
    store: &Store,
    permit: &OperatorPermit<ReadPlatformSettings>,
    id: DeploymentId,
) -> Result<Deployment, DeploymentError> {
    store.survey(permit, async |tx| rows::find(tx, id).await?.ok_or(DeploymentError::Unknown)).await
}
