//! A connection begins as a draft. Its provider is asked before anything is written.

use super::{ClientId, ClientSecret, Connection, ConnectionError, Stage, client, reserve, rows};
use crate::{
    Identity,
    provider::{self, NewProvider, ProviderError},
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
    /// As whom we are registered there.
    pub client_id: ClientId,
    /// Our secret there; none for a public client.
    pub client_secret: Option<ClientSecret>,
    /// How the secret is shown; none for as the provider's metadata allows.
    pub client_authentication: Option<Authentication>,
    /// Scopes beside `openid`; none for the usual.
    pub scopes: Option<client::Scopes>,
    /// Parameters for the provider.
    pub parameters: BTreeMap<String, String>,
    /// Roles for whoever signs in for the first time.
    pub default_roles: BTreeSet<RoleName>,
}

/// To which provider.
#[derive(Clone, Debug)]
pub enum Choice {
    /// One that this tenant owns or that is shared with it.
    Known(ProviderId),
    /// The one with this issuer; made if the tenant has none.
    Issuer(String),
}

/// The provider, once it is settled outside of any write.
enum Settled {
    Known(ProviderId, String, DisplayName),
    New(NewProvider),
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
    room.in_turn(permit, async |tx| {
        if rows::count(tx).await?.unsigned_abs() >= most {
            return Err(ConnectionError::PlanLimit { most });
        }
        let connection = draft(tx, id, &new, settings, &settled).await?;
        rows::add(tx, &connection).await.map_err(used_meanwhile)?;
        rows::put_secret(tx, id, new.client_secret.as_ref()).await?;
        tx.changed(Change::new(id, Value::Null, connection.facts()));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        Ok(connection)
    })
    .await
}

fn settings_of(room: &Identity, new: &NewConnection) -> Result<ConnectionSettings, ConnectionError> {
    let mut settings = ConnectionSettings::default();
    if let Some(scopes) = &new.scopes {
        settings.scopes = scopes.to_string();
    }
    settings.client_authentication = new.client_authentication.unwrap_or_default();
    client::set_parameters(&mut settings, new.parameters.clone())
        .map_err(ConnectionError::value("parameters"))?;
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
        Choice::Issuer(issuer) => {
            Ok(Settled::New(provider::check(room, permit.tenant_id(), issuer, None).await?))
        }
        Choice::Known(id) => match provider::read(&room.store, permit, *id).await {
            Ok(provider) => Ok(Settled::Known(provider.id, provider.issuer, provider.name)),
            Err(ProviderError::Unknown) => Err(ConnectionError::UnknownProvider),
            Err(other) => Err(other.into()),
        },
    }
}

async fn draft(
    tx: &mut TenantWrite,
    id: ConnectionId,
    new: &NewConnection,
    settings: ConnectionSettings,
    settled: &Settled,
) -> Result<Connection, ConnectionError> {
    let (provider, issuer, name) = match settled {
        Settled::Known(id, issuer, name) => (*id, issuer.clone(), name.clone()),
        Settled::New(new) => (provider::settle(tx, new).await?, new.issuer().to_owned(), new.name().clone()),
    };
    Ok(Connection {
        id,
        provider,
        name: new.name.clone().unwrap_or(name),
        issuer,
        client_id: new.client_id.clone(),
        has_secret: new.client_secret.is_some(),
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
