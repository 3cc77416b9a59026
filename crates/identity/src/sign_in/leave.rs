//! Leaving for a provider: its metadata is at hand, the pending sign-in is sealed, and the browser goes.

use crate::{
    Identity,
    provider::Kind,
    saml,
    sign_in::{
        Connection, Documents, SignInError,
        connection::redirect_uri,
        discover::{Memory, Question},
        pending::{Aim, Pending, make_room},
        plain,
    },
};
use access::{Permit, TenantAction};
use domain::TenantId;
use http::{HeaderMap, HeaderValue};
use protocol::{
    oauth2::Plain,
    oidc::{Authorize, Issuer},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use url::Url;
use web::sign_in::For;

/// Where the person wants to be once they are signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Whither {
    /// At the tenant's host.
    Tenant,
    /// In the console.
    Console,
}

impl Whither {
    /// Its name in addresses and columns.
    pub(crate) fn name(self) -> &'static str {
        For::from(self).name()
    }
}

impl From<Whither> for For {
    fn from(whither: Whither) -> For {
        match whither {
            Whither::Tenant => For::Tenant,
            Whither::Console => For::Console,
        }
    }
}

/// A browser about to leave.
pub(crate) struct Leave {
    /// Where to.
    pub(crate) to: Url,
    /// With which `Set-Cookie`s.
    pub(crate) cookies: Vec<HeaderValue>,
}

/// Prepares the way to the provider of `connection`.
///
/// # Errors
/// [`SignInError::Discover`] while the provider is away and nothing is known of it.
pub(crate) async fn leave<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    connection: &Connection,
    aim: Aim,
    headers: &HeaderMap,
) -> Result<Leave, SignInError> {
    let tenant = permit.tenant_id();
    // What the provider publishes is at hand before anything is sealed.
    let documents = match connection.kind == Kind::Saml || Plain::names(&connection.issuer) {
        true => None,
        false => Some(documents(room, tenant, connection).await?),
    };
    let (now, chance, jar) = (room.now(), &room.web.chance, room.web.jar());
    let key = &room.keyring.load().pending;
    let life = room.settings.pending;
    let pending = Pending::begin(tenant, connection.id, aim, now + life, chance);
    let mut cookies = make_room(headers, jar, key, now, room.settings.most_pending);
    cookies.push(pending.cookie(key, jar, life, chance));
    let to = match (connection.kind, documents) {
        (Kind::Saml, _) => saml::address(room, permit, connection, &pending).await?,
        (_, Some(documents)) => address(room, connection, &documents, &pending)?,
        (_, None) => plain::address(room, connection, &pending)?,
    };
    tracing::info!(%tenant, connection = %connection.id, "a sign-in leaves by connection {}", connection.id);
    Ok(Leave { to, cookies })
}

fn address(
    room: &Identity,
    connection: &Connection,
    documents: &Documents,
    pending: &Pending,
) -> Result<Url, SignInError> {
    let (nonce, verifier) = (pending.nonce(), pending.verifier());
    let authorize = Authorize {
        endpoint: &documents.metadata.authorization_endpoint,
        client_id: &connection.client_id,
        redirect_uri: &redirect_uri(&room.web.hosts, connection.id),
        scope: &connection.settings.asked_scopes(),
        state: pending.state(),
        nonce: nonce.reveal(),
        code_challenge: &verifier.challenge(),
        login_hint: connection.settings.login_hint.as_deref(),
        prompt: matches!(pending.aim, Aim::Application { again: true, .. }).then_some("login"),
        max_age: None,
        extra: &connection.settings.extra()?,
    };
    Ok(authorize.address())
}

/// What the provider of `connection` publishes.
///
/// # Errors
/// [`SignInError::Discover`].
pub(crate) async fn documents(
    room: &Identity,
    tenant: TenantId,
    connection: &Connection,
) -> Result<Arc<Documents>, SignInError> {
    let issuer = connection.issuer(room.transport())?;
    let question = question(room, tenant, &issuer);
    let known =
        room.providers.documents(connection.provider, &question, &room.outbound, room.now(), memory(room));
    Ok(known.await?)
}

pub(crate) fn question<'a>(room: &Identity, tenant: TenantId, issuer: &'a Issuer) -> Question<'a> {
    Question { issuer, tenant, transport: room.transport(), patience: room.settings.provider_patience }
}

pub(crate) fn memory(room: &Identity) -> Memory {
    Memory { life: room.settings.provider_memory, retry: room.settings.provider_retry }
}
