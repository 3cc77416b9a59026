//! Setting up the first connection: the issuer is looked at from outside, then provider and connection are
//! written as a draft, which the first sign-in by it takes into use.

use crate::{
    Identity,
    invitation::rows,
    provider::Kind,
    sign_in::{
        Authentication, ConnectionSettings, DiscoverError, connection as connections, leave::question,
    },
};
use access::{AcceptInvitation, Permit};
use domain::{Change, ConnectionId, Digest, DisplayName, Fault, ProviderId, Secret};
use outbound::OutboundError;
use protocol::oidc::{Issuer, ProviderError};
use serde_json::{Value, json};
use store::{FromRow, Row, StoreError, TenantWrite, sql, values};

/// What the holder of the link types, or takes from their provider's page.
pub(crate) struct Registration {
    pub(crate) name: DisplayName,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret<String>>,
    pub(crate) client_authentication: Authentication,
}

/// In which way they can be wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetUpError {
    /// The link was used or ended meanwhile, or the tenant has a connection in use.
    #[error("the one-time link is not good")]
    Invitation,
    /// The issuer is no address that may be called.
    #[error(transparent)]
    Address(#[from] OutboundError),
    /// The issuer is not in the form of one, or its provider takes no client like ours.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Nothing usable is published there.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SetUpError {
    fn code(&self) -> &'static str {
        match self {
            SetUpError::Invitation => "invitation.invalid",
            SetUpError::Address(error) => error.code(),
            SetUpError::Provider(error) => error.code(),
            SetUpError::Discover(error) => error.code(),
            SetUpError::Store(error) => error.code(),
        }
    }
}

impl SetUpError {
    /// What is wrong with the issuer, in words for whoever typed it; none if that is not the matter.
    pub(crate) fn about_issuer(&self) -> Option<String> {
        let words = match self {
            SetUpError::Address(error) => error.to_string(),
            SetUpError::Provider(error) => error.to_string(),
            SetUpError::Discover(error) => error.to_string(),
            SetUpError::Invitation | SetUpError::Store(_) => return None,
        };
        Some(words)
    }
}

/// Sets the connection up; gives its id.
///
/// # Errors
/// As [`SetUpError`] says.
pub(crate) async fn set_up(
    room: &Identity,
    permit: &Permit<AcceptInvitation>,
    link: Digest,
    registration: &Registration,
) -> Result<ConnectionId, SetUpError> {
    room.outbound.admit(&registration.issuer)?;
    let issuer = Issuer::parse(&registration.issuer, room.transport())?;
    let documents = question(room, permit.tenant_id(), &issuer).ask(&room.outbound).await?;
    registration.client_authentication.at(&documents.metadata, registration.client_secret.is_some())?;
    // A provider that its owner shares with this tenant is the same provider, so that its people stay the same.
    let shared = room.store.directory().shared_providers(permit).await?;
    let is_it =
        |shared: &store::SharedProvider| shared.issuer == issuer.as_str() && shared.kind == Kind::Oidc.name();
    let shared = shared.into_iter().find(is_it).map(|shared| shared.id);
    room.store.write(permit, async |tx| write(tx, link, &issuer, shared, registration).await).await
}

async fn write(
    tx: &mut TenantWrite,
    link: Digest,
    issuer: &Issuer,
    shared: Option<ProviderId>,
    registration: &Registration,
) -> Result<ConnectionId, SetUpError> {
    let invitation = rows::find(tx, link).await?.ok_or(SetUpError::Invitation)?;
    if !connections::in_use(tx).await?.is_empty() {
        return Err(SetUpError::Invitation);
    }
    let id = invitation.connection;
    let earlier = connections::find(tx, id).await?;
    let provider = provider_of(tx, issuer, shared, &registration.name).await?;
    put_draft(tx, id, provider, issuer, registration).await?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.provider != provider) {
        forget_unused(tx, earlier.provider).await?;
    }
    let facts = json!({
        "name": registration.name,
        "standing": "draft",
        "issuer": issuer.as_str(),
        "client_id": registration.client_id,
        "client_secret": if registration.client_secret.is_some() { "set" } else { "none" },
        "client_authentication": registration.client_authentication,
        "provider": provider,
    });
    tx.changed(Change::new(id, Value::Null, facts));
    Ok(id)
}

struct Found(ProviderId);

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("id").map(Found)
    }
}

/// The provider with this issuer: the tenant's own, or one that is shared with it, or else a new one.
async fn provider_of(
    tx: &mut TenantWrite,
    issuer: &Issuer,
    shared: Option<ProviderId>,
    name: &DisplayName,
) -> Result<ProviderId, StoreError> {
    let sql = sql!("SELECT id FROM provider WHERE tenant_id = $1 AND issuer = $2 AND kind = 'oidc'");
    if let Some(Found(id)) = tx.row(sql, values![issuer.as_str()]).await? {
        return Ok(id);
    }
    if let Some(shared) = shared {
        return Ok(shared);
    }
    let (id, now) = (tx.new_id::<domain::ProviderKind>(), tx.now());
    let sql = sql!(
        "INSERT INTO provider (tenant_id, id, name, kind, issuer, created_at) VALUES ($1, $2, $3, 'oidc', $4, $5)"
    );
    tx.run(sql, values![id, name, issuer.as_str(), now]).await?;
    Ok(id)
}

/// Whoever mistyped may send the form again; a connection that is in use is not touched.
async fn put_draft(
    tx: &mut TenantWrite,
    id: ConnectionId,
    provider: ProviderId,
    issuer: &Issuer,
    registration: &Registration,
) -> Result<(), SetUpError> {
    let sealed = match &registration.client_secret {
        Some(secret) => tx.seal(&connections::secret_purpose(id), secret.reveal().as_bytes()),
        None => domain::Sealed::from_text(String::new()),
    };
    let client_authentication = registration.client_authentication;
    let settings = ConnectionSettings { client_authentication, ..ConnectionSettings::default() };
    let settings = serde_json::to_value(settings).expect("settings are plain data");
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO connection (tenant_id, id, provider_id, name, standing, issuer, client_id, client_secret, settings,
         tested_at, created_at, changed_at) VALUES ($1, $2, $3, $4, 'draft', $5, $6, $7, $8, 0, $9, $9)
         ON CONFLICT (tenant_id, id) DO UPDATE SET provider_id = excluded.provider_id, name = excluded.name,
         issuer = excluded.issuer, client_id = excluded.client_id, client_secret = excluded.client_secret,
         settings = excluded.settings, changed_at = excluded.changed_at WHERE connection.standing = 'draft'"
    );
    let values = values![
        id,
        provider,
        &registration.name,
        issuer.as_str(),
        registration.client_id.as_str(),
        &sealed,
        &settings,
        now
    ];
    if tx.run(sql, values).await? == 1 { Ok(()) } else { Err(SetUpError::Invitation) }
}

/// A provider that was only ever mistyped.
async fn forget_unused(tx: &mut TenantWrite, provider: ProviderId) -> Result<(), StoreError> {
    let sql = sql!(
        "DELETE FROM provider WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS
         (SELECT 1 FROM connection WHERE tenant_id = $1 AND provider_id = $2)"
    );
    tx.run(sql, values![provider]).await.map(drop)
}
