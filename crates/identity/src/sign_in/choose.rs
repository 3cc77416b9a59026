//! Choosing a connection: among those in use, or the one that was named. One whose provider belongs to
//! another tenant that does not share it any more is none.

use crate::{
    Identity, provider,
    sign_in::{Connection, ConnectionStanding, connection},
    sign_in_domain,
};
use access::{Permit, TenantAction};
use domain::ConnectionId;
use store::StoreError;

/// The tenant's connection of this name, if it is in use. What is no id of a connection names none.
pub(crate) async fn named<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    name: Option<&str>,
) -> Result<Option<Connection>, StoreError> {
    let Some(id) = name.and_then(|name| name.parse().ok()) else { return Ok(None) };
    let found = any(room, permit, id).await?;
    Ok(found.filter(|found| found.standing == ConnectionStanding::Active))
}

/// The tenant's connection with this id, however it stands.
pub(crate) async fn any<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    let found = room.store.read(permit, async |tx| connection::find(tx, id).await).await?;
    Ok(still_shared(room, permit, found.into_iter().collect()).await?.pop())
}

/// The connection by which the people of this domain come, if it is in use. What is no domain leads nowhere.
pub(crate) async fn of_domain<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    domain: Option<&str>,
) -> Result<Option<Connection>, StoreError> {
    let Some(domain) = domain.and_then(|domain| domain.parse().ok()) else { return Ok(None) };
    let found = room.store.read(permit, async |tx| sign_in_domain::rows::find(tx, &domain).await).await?;
    let Some(way) = found.and_then(|found| found.way) else { return Ok(None) };
    let found = any(room, permit, way.connection).await?;
    Ok(found.filter(|found| found.standing == ConnectionStanding::Active))
}

/// All that are in use.
pub(crate) async fn all<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
) -> Result<Vec<Connection>, StoreError> {
    let found = room.store.read(permit, async |tx| connection::in_use(tx).await).await?;
    still_shared(room, permit, found).await
}

/// Those whose provider is the tenant's own or shared with it now.
async fn still_shared<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    found: Vec<Connection>,
) -> Result<Vec<Connection>, StoreError> {
    let mut kept = Vec::with_capacity(found.len());
    for connection in found {
        if provider::is_open(&room.store, permit, connection.provider).await? {
            kept.push(connection);
        }
    }
    Ok(kept)
}
