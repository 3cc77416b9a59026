//! A new one-time link for a tenant that has no admin yet. The earlier one ends at once.
//!
//! Whether a tenant has an admin is read from its invitations: the operator does not see its members. Once
//! one was used the tenant has had an admin, and whoever lost the last one needs break-glass.

use super::{Invitation, issue, offer, rows};
use crate::{Terms, tenant, turn::Turn};
use access::{OperatorPermit, RenewInvitation};
use domain::{Change, Fault, TenantId};
use serde_json::json;
use store::{Store, StoreError};

/// In which way the caller can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// No tenant has this id.
    #[error("there is no tenant with this id")]
    UnknownTenant,
    /// An invitation was used; the tenant has an admin.
    #[error("the tenant has an admin")]
    HasAdmin,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RenewError {
    fn code(&self) -> &'static str {
        match self {
            RenewError::UnknownTenant => "item.unknown",
            RenewError::HasAdmin => "tenant.has-admin",
            RenewError::Store(error) => error.code(),
        }
    }
}

/// Makes a new link in place of the one before, for the same connection.
///
/// # Errors
/// [`RenewError::HasAdmin`] once a link was used.
pub async fn renew(
    store: &Store,
    permit: &OperatorPermit<RenewInvitation>,
    id: TenantId,
    terms: &Terms,
) -> Result<Invitation, RenewError> {
    store
        .operate(permit, async |tx| {
            Turn::Registry.take(tx).await?;
            let tenant = tenant::rows::find(tx, id).await?.ok_or(RenewError::UnknownTenant)?;
            let known = rows::known(tx, id).await?;
            if known.used {
                return Err(RenewError::HasAdmin);
            }
            let ended = rows::end_open(tx, id).await?;
            let (roles, life) = offer(tenant.is_house(), terms);
            let invitation = issue(tx, id, roles, life, known.connection).await?;
            let before = json!({ "open_invitations": ended });
            let after = json!({ "open_invitations": 1, "invitation_ends": invitation.ends.to_string() });
            tx.changed_tenant(id, Change::new(id, before, after));
            Ok(invitation)
        })
        .await
}
