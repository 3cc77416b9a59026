//! What the gateway needs, secrets opened. For the platform itself only; no request gets this.

use super::{Deployment, ProofSecrets, rows};
use access::{OperatorPermit, Upkeep};
use domain::Secret;
use store::{Store, StoreError};

/// A deployment as the gateway uses it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The deployment.
    pub deployment: Deployment,
    /// The secret under which its proofs are made now.
    pub proof_secret: Secret<String>,
}

/// Every deployment with its proof secret.
///
/// # Errors
/// [`StoreError::Sealed`] if the master key is not the one they were sealed under.
pub async fn load_all(store: &Store, permit: &OperatorPermit<Upkeep>) -> Result<Vec<Loaded>, StoreError> {
    store
        .survey(permit, async |tx| {
            let rows = rows::all_sealed(tx).await?;
            rows.into_iter()
                .map(|row| {
                    let secrets = ProofSecrets::open(tx.master(), row.deployment.id, &row.sealed)?;
                    Ok(Loaded { deployment: row.deployment, proof_secret: secrets.current })
                })
                .collect()
        })
        .await
}
