//! Whether there are roles of these names, the platform's own included.

use super::rows;
use domain::{PlatformRole, RoleName};
use store::{OperatorRead, StoreError};

/// The first of these that is no role: a misspelt one would be held by nobody.
pub(crate) async fn first_unknown(
    tx: &mut OperatorRead,
    names: &[RoleName],
) -> Result<Option<RoleName>, StoreError> {
    if names.is_empty() {
        return Ok(None);
    }
    let known = rows::all(tx).await?;
    let is_known = |name: &RoleName| {
        PlatformRole::named(name.as_str()).is_some() || known.iter().any(|role| role.name == *name)
    };
    Ok(names.iter().find(|name| !is_known(name)).cloned())
}
