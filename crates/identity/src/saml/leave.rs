//! Leaving for a SAML provider, and what both directions need of it.

use super::{consumer, entity_id, key};
use crate::{
    Identity, provider,
    sign_in::{
        Connection, SignInError,
        pending::{Aim, Pending},
    },
};
use access::{Permit, TenantAction};
use protocol::saml::{AuthnRequest, OwnKey, ProviderMetadata, request_id};
use url::Url;

/// What a connection's provider published, and our keys there.
pub(super) struct Material {
    pub(super) metadata: ProviderMetadata,
    pub(super) keys: Vec<OwnKey>,
}

/// Both, as they are now.
pub(super) async fn material<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    connection: &Connection,
) -> Result<Material, SignInError> {
    let metadata = provider::metadata(&room.store, permit, connection.provider).await?;
    // Another entity than the one that was connected to is no provider of this connection.
    let metadata = metadata.filter(|metadata| metadata.entity_id == connection.issuer);
    let metadata = metadata.ok_or(SignInError::NoConnection)?;
    let keys = room.store.read(permit, async |tx| key::all(tx, connection.id).await).await?;
    Ok(Material { metadata, keys })
}

/// The address that the browser is sent to.
pub(crate) async fn address<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    connection: &Connection,
    pending: &Pending,
) -> Result<Url, SignInError> {
    let Material { metadata, keys } = material(room, permit, connection).await?;
    let signs = connection.settings.sign_requests || metadata.wants_signed_requests;
    let hosts = &room.web.hosts;
    let request = AuthnRequest {
        destination: &metadata.sign_in,
        id: &request_id(pending.state()),
        entity_id: &entity_id(hosts, connection.id),
        consumer: &consumer(hosts, connection.id),
        now: room.now(),
        force: matches!(pending.aim, Aim::Application { again: true, .. }),
        key: keys.first().filter(|_| signs),
    };
    Ok(request.address()?)
}
