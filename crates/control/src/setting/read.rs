//! The settings as they are.

use super::{SettingError, Settings, rows};
use access::{Permit, ReadSettings};
use store::Store;

/// The settings of the permit's tenant.
///
/// # Errors
/// [`SettingError::Gone`].
pub async fn read(store: &Store, permit: &Permit<ReadSettings>) -> Result<Settings, SettingError> {
    store.read(permit, async |tx| rows::find(tx).await?.ok_or(SettingError::Gone)).await
}
