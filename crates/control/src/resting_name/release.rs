//! A name is released before its time. Both the house and the tenant that gave it back can read of it.

use super::{Name, RestingName, rows};
use crate::turn::Turn;
use access::{ChangeTenant, OperatorPermit};
use domain::{Change, Fault};
use serde_json::{Value, json};
use store::{Store, StoreError};

/// In which way the caller can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The name does not rest.
    #[error("this name does not rest")]
    Awake,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ReleaseError {
    fn code(&self) -> &'static str {
        match self {
            ReleaseError::Awake => "item.unknown",
            ReleaseError::Store(error) => error.code(),
        }
    }
}

/// Releases a name, so that anybody may have it.
///
/// # Errors
/// [`ReleaseError::Awake`] for a name that does not rest.
pub async fn release(
    store: &Store,
    permit: &OperatorPermit<ChangeTenant>,
    name: &Name,
) -> Result<RestingName, ReleaseError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let resting = rows::find(tx, name).await?.ok_or(ReleaseError::Awake)?;
            rows::remove(tx, name).await?;
            let before = json!({ "resting_name": name.to_string(), "until": resting.until.to_string() });
            tx.changed_tenant(resting.tenant, Change::new(resting.tenant, before, Value::Null));
            Ok(resting)
        })
        .await
}
