//! Connections on the wire. A secret goes in and never comes out: `set` or `not set` is all that is said.

use super::{
    Changes, Choice, Client, Owner, SecretChange, activate, change, create, list, parameters_of, read,
    remove, reserve, said, switch_off, switch_on,
};
use crate::{
    Identity,
    asked::Asked,
    provider::{
        Kind, ReadsConnections,
        http::{MOST_WITH_METADATA, source},
    },
    saml,
    sign_in::connection::redirect_uri,
};
use access::{ManageConnection, Permit, ReadConnection};
use axum::{extract::State, http::StatusCode};
use domain::{ConnectionId, DisplayName, NameError, ProviderId, RoleName, TenantId};
use serde::{Deserialize, Deserializer, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};
use utoipa::ToSchema;
use web::{Allow, Hosts, Json, Listing, Path, Problem, Routes, limit::Limited};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/connections", list_all)
        .says("Lists the tenant's connections.")
        .answers::<Listing<Connection>>(200)
        .post("/v1/tenants/{tenant}/connections", add)
        .says("Creates a connection as a draft, to a provider by its id or its issuer. A new issuer is asked for its metadata and keys first.")
        .takes::<NewConnection>()
        .answers::<Connection>(201)
        .post("/v1/tenants/{tenant}/connections/reserve", add_reservation)
        .says("Gives a redirect URI for a connection that is to be, for providers that ask for it first.")
        .answers::<Reservation>(200)
        .get("/v1/tenants/{tenant}/connections/{connection}", show)
        .says("Shows one connection.")
        .answers::<Connection>(200)
        .patch("/v1/tenants/{tenant}/connections/{connection}", patch)
        .says("Changes a connection. Another client, secret, way to show it, scope or parameter makes an earlier test void.")
        .takes::<ConnectionChanges>()
        .answers::<Connection>(200)
        .delete("/v1/tenants/{tenant}/connections/{connection}", delete)
        .says("Removes a connection that is not in use, with its secret.")
        .answers_empty(204)
        .post("/v1/tenants/{tenant}/connections/{connection}/activate", post_activate)
        .says("Takes a draft into use, once a test sign-in has succeeded.")
        .answers::<Connection>(200)
        .post("/v1/tenants/{tenant}/connections/{connection}/switch-off", post_switch_off)
        .says("Takes a connection out of use and ends the sessions by it.")
        .takes::<Confirmation>()
        .answers::<Connection>(200)
        .post("/v1/tenants/{tenant}/connections/{connection}/switch-on", post_switch_on)
        .says("Takes a connection into use again.")
        .answers::<Connection>(200)
}

/// A tenant's use of a provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct Connection {
    /// Its id.
    id: String,
    /// Its name for people.
    name: String,
    /// `draft`, `active` or `off`.
    standing: &'static str,
    /// The provider that it leads to.
    provider: String,
    /// Whose the provider is: `us`, `another` tenant, or `withdrawn` by another tenant.
    provider_owner: &'static str,
    /// What the provider speaks: `oidc` or `saml`.
    kind: &'static str,
    /// The provider's issuer, or entity id.
    issuer: String,
    /// As whom we are registered there; of SAML our entity id.
    client_id: String,
    /// `set` or `not set`; never the secret itself.
    client_secret: &'static str,
    /// How the secret is shown to the token endpoint: `automatic`, `client_secret_basic` or
    /// `client_secret_post`.
    client_authentication: &'static str,
    /// Scopes that are asked for beside `openid`, separated by spaces.
    scopes: String,
    /// Parameters for the provider, such as `domain_hint`.
    parameters: BTreeMap<String, String>,
    /// The application's roles for whoever signs in for the first time.
    default_roles: Vec<String>,
    /// The redirect URI to register at the provider, of SAML the assertion consumer. It never changes.
    redirect_uri: String,
    /// Of SAML, where our metadata lies.
    metadata_address: Option<String>,
    /// Of SAML: whether requests are signed even where the provider does not ask for it.
    sign_requests: bool,
    /// Of SAML: whether a sign-in may begin at the provider.
    idp_initiated: bool,
    /// When a test sign-in last succeeded with the client as it is now.
    tested_at: Option<String>,
    /// Since when it is here.
    created_at: String,
    /// When it was last changed.
    changed_at: String,
}

impl Connection {
    fn of(connection: super::Connection, owner: Owner, hosts: &Hosts) -> Self {
        Connection {
            id: connection.id.to_string(),
            name: connection.name.to_string(),
            standing: connection.stage.standing().name(),
            provider: connection.provider.to_string(),
            provider_owner: owner.name(),
            kind: connection.kind.name(),
            issuer: connection.issuer,
            client_id: connection.client_id.to_string(),
            client_secret: said(connection.has_secret),
            client_authentication: connection.settings.client_authentication.name(),
            parameters: parameters_of(&connection.settings),
            default_roles: connection.settings.default_roles.iter().map(RoleName::to_string).collect(),
            scopes: connection.settings.scopes,
            redirect_uri: return_address(hosts, connection.kind, connection.id),
            metadata_address: (connection.kind == Kind::Saml)
                .then(|| saml::metadata_address(hosts, connection.id)),
            sign_requests: connection.settings.sign_requests,
            idp_initiated: connection.settings.idp_initiated,
            tested_at: connection.stage.tested().map(|at| at.to_string()),
            created_at: connection.created_at.to_string(),
            changed_at: connection.changed_at.to_string(),
        }
    }
}

/// Where a provider of this kind sends people back to.
pub(super) fn return_address(hosts: &Hosts, kind: Kind, id: ConnectionId) -> String {
    match kind {
        Kind::Oidc | Kind::OAuth2 => redirect_uri(hosts, id),
        Kind::Saml => saml::consumer(hosts, id),
    }
}

/// A redirect URI for a connection that is to be.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reservation {
    /// The id that the connection will have.
    id: String,
    /// The redirect URI to register at an OpenID provider.
    redirect_uri: String,
    /// Our entity id for a SAML provider.
    entity_id: String,
    /// The assertion consumer for a SAML provider.
    assertion_consumer: String,
    /// To be given back when the connection is created.
    reservation: String,
}

/// A connection that is to be. Exactly one of `provider`, `issuer`, `metadata_url` and `metadata` is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConnection {
    /// The `reservation` of a redirect URI that was given out before.
    reservation: Option<String>,
    /// The id of a provider that the tenant can connect to.
    #[schema(value_type = Option<String>)]
    provider: Option<ProviderId>,
    /// The issuer of an OpenID provider, which is added if the tenant has none with it.
    issuer: Option<String>,
    /// Where the metadata of a SAML provider is fetched; the provider is added if the tenant has none with its entity id.
    metadata_url: Option<String>,
    /// The metadata of a SAML provider itself.
    metadata: Option<String>,
    /// Of SAML: true to sign requests even where the provider does not ask for it.
    #[serde(default)]
    sign_requests: bool,
    /// Of SAML: true to let sign-ins begin at the provider.
    #[serde(default)]
    idp_initiated: bool,
    /// Its name for people; the provider's where nothing is said.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// As whom we are registered at an OpenID provider.
    client_id: Option<String>,
    /// Our secret there; left out for a public client.
    client_secret: Option<String>,
    /// How the secret is shown to the token endpoint: `client_secret_basic`, `client_secret_post`, or
    /// `automatic`, as the provider's metadata allows, where nothing is said.
    client_authentication: Option<String>,
    /// Scopes to ask for beside `openid`; `profile email` where nothing is said.
    scopes: Option<String>,
    /// Parameters for the provider, such as `domain_hint`.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// The application's roles for whoever signs in for the first time.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    default_roles: BTreeSet<RoleName>,
}

impl NewConnection {
    fn read(self) -> Result<super::NewConnection, Problem> {
        let source = source(self.issuer, self.metadata_url, self.metadata)?;
        let provider = match (self.provider, source) {
            (Some(provider), None) => Choice::Known(provider),
            (None, Some(source)) => Choice::New(source),
            _ => {
                return Err(Problem::new("input.invalid")
                    .at("/provider", "Give either a provider, or an issuer, or SAML metadata."));
            }
        };
        let client = match &self.client_id {
            Some(id) => Some(Client {
                id: named("/client_id", id)?,
                secret: maybe("/client_secret", self.client_secret.as_deref())?,
                authentication: maybe("/client_authentication", self.client_authentication.as_deref())?,
                scopes: maybe("/scopes", self.scopes.as_deref())?,
                parameters: self.parameters,
            }),
            None => None,
        };
        Ok(super::NewConnection {
            reservation: self.reservation,
            provider,
            name: self.name,
            client,
            sign_requests: self.sign_requests,
            idp_initiated: self.idp_initiated,
            default_roles: self.default_roles,
        })
    }
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionChanges {
    /// Another name.
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    /// Another client id.
    client_id: Option<String>,
    /// Another secret; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Option<String>>,
    /// Another way to show the secret.
    client_authentication: Option<String>,
    /// Other scopes beside `openid`.
    scopes: Option<String>,
    /// Other parameters, in place of all.
    parameters: Option<BTreeMap<String, String>>,
    /// Other default roles, in place of all.
    #[schema(value_type = Option<Vec<String>>)]
    default_roles: Option<BTreeSet<RoleName>>,
    /// Of SAML: whether requests are signed even where the provider does not ask for it.
    sign_requests: Option<bool>,
    /// Of SAML: whether a sign-in may begin at the provider.
    idp_initiated: Option<bool>,
}

impl ConnectionChanges {
    fn read(self) -> Result<Changes, Problem> {
        let client_secret = match self.client_secret {
            None => SecretChange::Keep,
            Some(None) => SecretChange::Clear,
            Some(Some(secret)) => SecretChange::Set(named("/client_secret", &secret)?),
        };
        Ok(Changes {
            name: self.name,
            client_id: maybe("/client_id", self.client_id.as_deref())?,
            client_secret,
            client_authentication: maybe("/client_authentication", self.client_authentication.as_deref())?,
            scopes: maybe("/scopes", self.scopes.as_deref())?,
            parameters: self.parameters,
            default_roles: self.default_roles,
            sign_requests: self.sign_requests,
            idp_initiated: self.idp_initiated,
        })
    }
}

/// Null is something else than nothing.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

pub(super) fn named<T: FromStr<Err = NameError>>(field: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|NameError(why)| Problem::new("input.invalid").at(field, why))
}

fn maybe<T: FromStr<Err = NameError>>(field: &'static str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| named(field, text)).transpose()
}

/// Whether what would be lost is meant.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// True to switch off the last connection in use, or the one by which the caller came.
    #[serde(default)]
    confirm: bool,
}

async fn list_all(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
) -> Result<Json<Listing<Connection>>, Problem> {
    let all = list(&room.store, &permit).await?;
    let shown = |(connection, owner)| Connection::of(connection, owner, &room.web.hosts);
    Ok(Json(Listing { items: all.into_iter().map(shown).collect(), next: None }))
}

async fn add(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    asked: Asked,
    Json(new): Json<NewConnection, MOST_WITH_METADATA>,
) -> Result<(StatusCode, Json<Connection>), Problem> {
    asked.count(&room, Limited::Outgoing, Some(permit.tenant_id()))?;
    let connection = create(&room, &permit, new.read()?).await?;
    Ok((StatusCode::CREATED, as_it_is(&room, &permit, connection.id).await?))
}

async fn add_reservation(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
) -> Json<Reservation> {
    let reserved = reserve(&room, &permit);
    Json(Reservation {
        id: reserved.id.to_string(),
        redirect_uri: redirect_uri(&room.web.hosts, reserved.id),
        entity_id: saml::entity_id(&room.web.hosts, reserved.id),
        assertion_consumer: saml::consumer(&room.web.hosts, reserved.id),
        reservation: reserved.proof,
    })
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
) -> Result<Json<Connection>, Problem> {
    as_it_is(&room, &permit, id).await
}

async fn patch(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Json(changes): Json<ConnectionChanges>,
) -> Result<Json<Connection>, Problem> {
    change(&room, &permit, id, &changes.read()?).await?;
    as_it_is(&room, &permit, id).await
}

async fn delete(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn post_activate(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
) -> Result<Json<Connection>, Problem> {
    activate(&room, &permit, id).await?;
    as_it_is(&room, &permit, id).await
}

async fn post_switch_off(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Json(Confirmation { confirm }): Json<Confirmation>,
) -> Result<Json<Connection>, Problem> {
    switch_off(&room, &permit, id, confirm).await?;
    as_it_is(&room, &permit, id).await
}

async fn post_switch_on(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
) -> Result<Json<Connection>, Problem> {
    switch_on(&room, &permit, id).await?;
    as_it_is(&room, &permit, id).await
}

async fn as_it_is<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    id: ConnectionId,
) -> Result<Json<Connection>, Problem> {
    let (connection, owner) = read(&room.store, permit, id).await?;
    Ok(Json(Connection::of(connection, owner, &room.web.hosts)))
}
