//! Invitations: one-time links that make their holder the first admin of a tenant, or the first operator.
//! The operator makes the link and never assigns a role (ledger C06); the tenant's own provider says who
//! its holder is, and `identity` lets them in.
//!
//! A link carries a secret of which only the hash is kept, so it can be shown once and never again. With
//! it goes the id of the connection that its holder will set up: what they have to register at their
//! provider is known before anything is.

pub(crate) mod http;
mod read;
mod renew;
pub(crate) mod rows;

pub use read::read;
pub use renew::{RenewError, renew};
pub use rows::Known;

use crate::Terms;
use domain::{ConnectionId, Digest, Moment, PlatformRole, Secret, TenantId};
use std::time::Duration;
use store::{OperatorWrite, StoreError};
use web::Hosts;

/// A link that was just made.
#[derive(Debug)]
pub struct Invitation {
    /// For which tenant.
    pub tenant: TenantId,
    /// The secret in the link.
    pub secret: Secret<String>,
    /// The connection that its holder will set up.
    pub connection: ConnectionId,
    /// Whether it makes an operator.
    pub is_bootstrap: bool,
    /// When it ends.
    pub ends: Moment,
}

impl Invitation {
    /// The link to hand to the person who is invited.
    pub fn link(&self, hosts: &Hosts) -> String {
        let (id, secret) = (&hosts.id, self.secret.reveal());
        match self.is_bootstrap {
            true => format!("{id}/bootstrap?code={secret}"),
            false => format!("{id}/t/{}/invitation?code={secret}", self.tenant),
        }
    }

    /// The redirect URI to register at the provider. It never changes.
    pub fn redirect_uri(&self, hosts: &Hosts) -> String {
        format!("{}/callback/{}", hosts.id, self.connection)
    }
}

/// The hash under which an invitation is kept and found.
pub fn digest(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

/// Makes an invitation. `connection` is that of an earlier one which this replaces.
pub(crate) async fn issue(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    roles: &[PlatformRole],
    life: Duration,
    connection: Option<ConnectionId>,
) -> Result<Invitation, StoreError> {
    let secret = tx.new_token();
    let invitation = Invitation {
        tenant,
        connection: connection.unwrap_or_else(|| tx.new_id()),
        is_bootstrap: roles.contains(&PlatformRole::Operator),
        ends: tx.now() + life,
        secret: Secret::new(secret),
    };
    rows::add(tx, &invitation, roles).await?;
    Ok(invitation)
}

/// The roles and the life of a tenant's invitation.
pub(crate) fn offer(is_house: bool, terms: &Terms) -> (&'static [PlatformRole], Duration) {
    match is_house {
        true => (&[PlatformRole::Admin, PlatformRole::Operator], terms.bootstrap),
        false => (&[PlatformRole::Admin], terms.invitation),
    }
}
