//! A connection is changed. Its provider never is: whom people are known by is not a setting.

use super::{ClientId, ClientSecret, Connection, ConnectionError, client, create::known_roles, rows};
use crate::{Identity, provider::Kind, sign_in::Authentication};
use access::{ManageConnection, Permit};
use domain::{Change, ConnectionId, DisplayName, Event, RoleName, event::names};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<DisplayName>,
    /// Another client id.
    pub client_id: Option<ClientId>,
    /// Another secret, or none.
    pub client_secret: SecretChange,
    /// Another way to show it.
    pub client_authentication: Option<Authentication>,
    /// Other scopes.
    pub scopes: Option<client::Scopes>,
    /// Other parameters, in place of all.
    pub parameters: Option<BTreeMap<String, String>>,
    /// Other default roles, in place of all.
    pub default_roles: Option<BTreeSet<RoleName>>,
    /// Of SAML: whether requests are signed.
    pub sign_requests: Option<bool>,
    /// Of SAML: whether a sign-in may begin at the provider.
    pub idp_initiated: Option<bool>,
}

/// What is to become of the secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SecretChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is replaced.
    Set(ClientSecret),
    /// It is taken away: the client becomes a public one.
    Clear,
}

/// Changes a connection; gives it as it is now.
///
/// # Errors
/// [`ConnectionError::Unknown`] and its like.
pub async fn change(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    changes: &Changes,
) -> Result<Connection, ConnectionError> {
    room.in_turn(permit, async |tx| {
        let old = rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
        let new = apply(room, &old, changes)?;
        let (before, after) = differences(&old, &new, &changes.client_secret);
        if before == after {
            return Ok(old);
        }
        rows::put(tx, &new).await?;
        match &changes.client_secret {
            SecretChange::Keep => {}
            SecretChange::Set(secret) => rows::put_secret(tx, id, Some(secret)).await?,
            SecretChange::Clear => rows::put_secret(tx, id, None).await?,
        }
        tx.changed(Change::new(id, before, after));
        tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
        rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)
    })
    .await
}

fn apply(room: &Identity, old: &Connection, changes: &Changes) -> Result<Connection, ConnectionError> {
    let mut new = old.clone();
    if let Some(name) = &changes.name {
        new.name = name.clone();
    }
    // At a SAML provider we are known by our entity id, which never changes, and there is no secret.
    let is_client = old.kind != Kind::Saml;
    if !is_client && (changes.client_id.is_some() || changes.client_secret != SecretChange::Keep) {
        return Err(ConnectionError::Value {
            field: "client_id",
            why: "A SAML connection has no client.".into(),
        });
    }
    if let Some(client_id) = &changes.client_id {
        new.client_id = client_id.clone();
    }
    new.settings.sign_requests = changes.sign_requests.unwrap_or(old.settings.sign_requests);
    new.settings.idp_initiated = changes.idp_initiated.unwrap_or(old.settings.idp_initiated);
    if let Some(authentication) = changes.client_authentication {
        new.settings.client_authentication = authentication;
    }
    if let Some(scopes) = &changes.scopes {
        new.settings.scopes = scopes.to_string();
    }
    if let Some(parameters) = &changes.parameters {
        client::set_parameters(&mut new.settings, parameters.clone())
            .map_err(ConnectionError::value("parameters"))?;
    }
    if let Some(roles) = &changes.default_roles {
        new.settings.default_roles = known_roles(room, roles)?;
    }
    match &changes.client_secret {
        SecretChange::Keep => {}
        SecretChange::Set(_) => new.has_secret = true,
        SecretChange::Clear => new.has_secret = false,
    }
    if is_another_client(old, &new, &changes.client_secret) {
        new.stage = new.stage.with_another_client();
    }
    Ok(new)
}

/// Whether a test of the old one says nothing about the new one.
fn is_another_client(old: &Connection, new: &Connection, secret: &SecretChange) -> bool {
    old.client_id != new.client_id
        || old.has_secret != new.has_secret
        || matches!(secret, SecretChange::Set(_))
        || old.settings.client_authentication != new.settings.client_authentication
        || old.settings.asked_scopes() != new.settings.asked_scopes()
        || old.settings.extra() != new.settings.extra()
        || old.settings.login_hint != new.settings.login_hint
        || old.settings.sign_requests != new.settings.sign_requests
}

/// What is different, before and after, for the audit trail. A secret that was replaced by another is said
/// to be changed, and nothing more is said.
fn differences(old: &Connection, new: &Connection, secret: &SecretChange) -> (Value, Value) {
    let (Value::Object(old), Value::Object(mut new)) = (old.facts(), new.facts()) else {
        unreachable!("the facts are an object")
    };
    if matches!(secret, SecretChange::Set(_)) {
        new.insert("client_secret".to_owned(), json!("changed"));
    }
    let (mut before, mut after) = (Map::new(), Map::new());
    for (field, is) in new {
        let was = old.get(&field).cloned().unwrap_or_default();
        if was != is {
            before.insert(field.clone(), was);
            after.insert(field, is);
        }
    }
    (Value::Object(before), Value::Object(after))
}
