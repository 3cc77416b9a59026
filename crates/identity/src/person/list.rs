//! The tenants that one belongs to and can get into from here.

use crate::{Identity, state::is_public};
use access::{Credential, Origin, Permit, PersonPermit, ReadOwnTenants, StartSignIn, Tenant};
use std::sync::Arc;
use store::StoreError;

/// One of them.
pub(crate) struct Own {
    pub(crate) tenant: Arc<Tenant>,
    /// Whether the session opens it without a further sign-in.
    pub(crate) is_open: bool,
}

/// Lists them, by name. One that the session does not open is listed if strangers could sign in there: then
/// its person can too, by another provider.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn list(
    room: &Identity,
    permit: &PersonPermit<ReadOwnTenants>,
    credential: &Credential,
    origin: Origin,
) -> Result<Vec<Own>, StoreError> {
    let warden = &room.web.warden;
    let mut all = Vec::new();
    for id in room.store.directory().tenants_of(permit).await? {
        let Ok(at) = warden.resolve_id(id) else { continue };
        let Ok(seen) = warden.permit::<StartSignIn>(&at, credential, origin).await else { continue };
        let is_open = is_opened(&seen);
        if is_open || is_public(at.tenant()) {
            all.push(Own { tenant: at.tenant().clone(), is_open });
        }
    }
    all.sort_by_key(|own| own.tenant.record.name.as_str().to_lowercase());
    Ok(all)
}

fn is_opened(permit: &Permit<StartSignIn>) -> bool {
    permit.caller().person().is_some()
}
