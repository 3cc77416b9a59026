//! A redirect URI before there is a connection. Providers ask for it when we are registered there, and give
//! out the client id only then. The id travels sealed and is stored nowhere: a redirect URI that nobody
//! uses leaves nothing behind, and none of another tenant can be taken.

use super::ConnectionError;
use crate::Identity;
use access::{ManageConnection, Permit, TenantAction};
use domain::{ConnectionId, Sealed, TenantId};

/// The id of a connection that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The id; the redirect URI holds it.
    pub id: ConnectionId,
    /// What proves that it was given out to this tenant.
    pub proof: String,
}

/// Reserves an id.
pub fn reserve<A: TenantAction>(room: &Identity, permit: &Permit<A>) -> Reservation {
    let id = ConnectionId::new(room.now(), room.store.chance());
    let text = id.to_string();
    let sealed = room.store.master().seal(&purpose(permit.tenant_id()), text.as_bytes(), room.store.chance());
    Reservation { id, proof: sealed.as_str().to_owned() }
}

/// Reads a reservation of this tenant's.
///
/// # Errors
/// [`ConnectionError::Reservation`].
pub(crate) fn redeem<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    proof: &str,
) -> Result<ConnectionId, ConnectionError> {
    let sealed = Sealed::from_text(proof.to_owned());
    let plain = room.store.master().open(&purpose(permit.tenant_id()), &sealed);
    let text = plain.ok().and_then(|plain| String::from_utf8(plain).ok());
    text.and_then(|text| text.parse().ok()).ok_or(ConnectionError::Reservation)
}

/// The id of a new connection: the reserved one, or a fresh one.
pub(super) fn id_for(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    proof: Option<&str>,
) -> Result<ConnectionId, ConnectionError> {
    match proof {
        Some(proof) => redeem(room, permit, proof),
        None => Ok(ConnectionId::new(room.now(), room.store.chance())),
    }
}

fn purpose(tenant: TenantId) -> String {
    format!("connection reserved {tenant}")
}
