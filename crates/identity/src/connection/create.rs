//! A connection begins as a draft. Its provider is asked before anything is written.

use super::{ClientId, ClientSecret, Connection, ConnectionError, Stage, client, reserve, rows};
use crate::{
    Identity,
    provider::{self, Kind, NewProvider, ProviderError, Source},
    saml,
    sign_in::{Authentication, ConnectionSettings},
};
use access::{ManageConnection, Permit};
use domain::{Change, ConnectionId, DisplayName, Event, Limit, ProviderId, RoleName, event::names};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::{StoreError, TenantWrite};

/// A connection that is to be.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The proof of a reserved redirect URI; without one a fresh URI is made.
    pub reservation: Option<String>,
    /// To which provider.
    pub provider: Choice,
    /// Its name for people; none for the provider's.
    pub name: Option<DisplayName>,
    /// Who we are there; for SAML nothing is to be said.
    pub client: Option<Client>,
    /// Of SAML: whether requests are signed even where the provider does not ask for it.
    pub sign_requests: bool,
    /// Of SAML: whether a sign-in may begin at the provider.
    pub idp_initiated: bool,
    /// Roles for whoever signs in for the first time.
    pub default_roles: BTreeSet<RoleName>,
}

/// Who we are at an OpenID provider.
#[derive(Clone, Debug)]
pub struct Client {
    /// As whom we are registered there.
    pub id: ClientId,
    /// Our secret there; none for a public client.
    pub secret: Option<ClientSecret>,
    /// How the secret is shown; none for as the provider's metadata allows.
    pub authentication: Option<Authentication>,
    /// Scopes beside `openid`; none for the usual.
    pub scopes: Option<client::Scopes>,
    /// Parameters for the provider.
    pub parameters: BTreeMap<String, String>,
}

/// To which provider.
#[derive(Clone, Debug)]
pub enum Choice {
    /// One that this tenant owns or that is shared with it.
    Known(ProviderId),
    /// The one that is found so; made if the tenant has none.
    New(Source),
}

/// The provider, once it is settled outside of any write.
enum Settled {
    Known(Kind, ProviderId, String, DisplayName),
    New(Box<NewProvider>),
}

impl Settled {
    fn kind(&self) -> Kind {
        match self {
            Settled::Known(kind, ..) => *kind,
            Settled::New(new) => new.kind(),
        }
    }
}

/// Creates a connection; gives it as it is now.
///
/// # Errors
/// [`ConnectionError::UnknownProvider`] and its like.
pub async fn create(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    new: NewConnection,
) -> Result<Connection, ConnectionError> {
    let id = reserve::id_for(room, permit, new.reservation.as_deref())?;
    let most =
        permit.caller().tenant().map_or(u64::MAX, |tenant| tenant.record.limits.of(Limit::Connections));
    let settings = settings_of(room, &new)?;
    let settled = settle(room, permit, &new.provider).await?;
    let client_id = match (&new.client, settled.kind()) {
        (Some(client), Kind::Oidc | Kind::OAuth2) => client.id.clone(),
        (None, Kind::Oidc | Kind::OAuth2) => {
            return Err(wrong("client_id", "Give the client id that the provider shows."));
        }
        // At a SAML provider we are known by our entity id.
        (_, Kind::Saml) => {
            saml::entity_id(&room.web.hosts, id).parse().map_err(ConnectionError::value("client_id"))?
        }
    };
    let key = match settled.kind() {
        Kind::Oidc | Kind::OAuth2 => None,
        Kind::Saml => Some(saml::make_key(room, id).await.map_err(ProviderError::from)?),
    };
    room.in_turn(permit, async |tx| {
        if rows::count(tx).await?.unsigned_abs() >= most {
            return Err(ConnectionError::PlanLimit { most });
        }
        let connection = draft(tx, id, &new, client_id, settings, &settled).await?;
        rows::add(tx, &connection).await.map_err(used_meanwhile)?;
        match &key {
            Some(key) => saml::put_key(tx, id, key).await?,
            None => {
                rows::put_secret(tx, id, new.client.as_ref().and_then(|client| client.secret.as_ref()))
                    .await?
            }
        }
        tx.changed(Change::new(id, Value::Null, connection.facts()));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(connection)
    })
    .await
}

fn settings_of(room: &Identity, new: &NewConnection) -> Result<ConnectionSettings, ConnectionError> {
    let mut settings = ConnectionSettings::default();
    if let Some(client) = &new.client {
        if let Some(scopes) = &client.scopes {
            settings.scopes = scopes.to_string();
        }
        settings.client_authentication = client.authentication.unwrap_or_default();
        client::set_parameters(&mut settings, client.parameters.clone())
            .map_err(ConnectionError::value("parameters"))?;
    }
    (settings.sign_requests, settings.idp_initiated) = (new.sign_requests, new.idp_initiated);
    settings.default_roles = known_roles(room, &new.default_roles)?;
    Ok(settings)
}

/// The roles as they are stored, if the application knows them all. The platform's own are not among them:
/// nobody becomes an admin by signing in.
pub(super) fn known_roles(
    room: &Identity,
    roles: &BTreeSet<RoleName>,
) -> Result<Vec<RoleName>, ConnectionError> {
    let known = room.known_roles.load();
    match roles.iter().find(|role| !known.contains_key(*role)) {
        Some(unknown) => Err(ConnectionError::UnknownRole(unknown.clone())),
        None => Ok(roles.iter().cloned().collect()),
    }
}

async fn settle(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    choice: &Choice,
) -> Result<Settled, ConnectionError> {
    match choice {
        Choice::New(source) => {
            let new = provider::check(room, permit.tenant_id(), source, None).await?;
            Ok(Settled::New(Box::new(new)))
        }
        Choice::Known(id) => match provider::read(&room.store, permit, *id).await {
            Ok(provider) => Ok(Settled::Known(provider.kind, provider.id, provider.issuer, provider.name)),
            Err(ProviderError::Unknown) => Err(ConnectionError::UnknownProvider),
            Err(other) => Err(other.into()),
        },
    }
}

async fn draft(
    tx: &mut TenantWrite,
    id: ConnectionId,
    new: &NewConnection,
    client_id: ClientId,
    settings: ConnectionSettings,
    settled: &Settled,
) -> Result<Connection, ConnectionError> {
    let (provider, issuer, name) = match settled {
        Settled::Known(_, id, issuer, name) => (*id, issuer.clone(), name.clone()),
        Settled::New(new) => (provider::settle(tx, new).await?, new.issuer().to_owned(), new.name().clone()),
    };
    Ok(Connection {
        id,
        provider,
        kind: settled.kind(),
        name: new.name.clone().unwrap_or(name),
        issuer,
        client_id,
        has_secret: settled.kind() != Kind::Saml
            && new.client.as_ref().is_some_and(|client| client.secret.is_some()),
        settings,
        stage: Stage::Draft { tested: None },
        created_at: tx.now(),
        changed_at: tx.now(),
    })
}

/// Ids are unique by chance, so a second row of one can only come from a reservation that was used.
fn used_meanwhile(error: StoreError) -> ConnectionError {
    match error {
        StoreError::Conflict(_) => ConnectionError::Reservation,
        other => ConnectionError::Store(other),
    }
}

fn wrong(field: &'static str, why: &str) -> ConnectionError {
    ConnectionError::Value { field, why: why.to_owned() }
}
