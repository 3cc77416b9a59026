//! A connection as somebody who signs in needs it: where to go, and as whom we are known there.

use crate::{provider::Kind, sign_in::Authentication};
use domain::{ConnectionId, Fault, ProviderId, RoleName, Secret};
use protocol::{
    claims::{self, Rule},
    oidc::{ClientAuthentication, ExtraParameters, Issuer, ProviderError, ProviderMetadata, Transport},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};
use store::{FromRow, Row, StoreError, TenantRead, sql, values};
use web::Hosts;

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionStanding {
    /// Set up and not yet used; only a trial or a one-time link signs in by it.
    Draft,
    /// In use.
    Active,
    /// Switched off.
    Off,
}

/// The text names no standing of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a connection is draft, active or off")]
pub struct BadConnectionStanding;

impl Fault for BadConnectionStanding {
    fn code(&self) -> &'static str {
        "input.invalid"
    }
}

impl ConnectionStanding {
    /// Every standing.
    pub const ALL: [ConnectionStanding; 3] =
        [ConnectionStanding::Draft, ConnectionStanding::Active, ConnectionStanding::Off];

    /// Its name in columns, in the API and on pages.
    pub const fn name(self) -> &'static str {
        match self {
            ConnectionStanding::Draft => "draft",
            ConnectionStanding::Active => "active",
            ConnectionStanding::Off => "off",
        }
    }
}

impl fmt::Display for ConnectionStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ConnectionStanding {
    type Err = BadConnectionStanding;
    fn from_str(text: &str) -> Result<Self, BadConnectionStanding> {
        Self::ALL.into_iter().find(|standing| standing.name() == text).ok_or(BadConnectionStanding)
    }
}

/// What an admin may set about a connection beside the registration; the column `settings`, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSettings {
    /// Scopes to ask for beside `openid`, separated by spaces.
    pub scopes: String,
    /// Parameters for the provider, such as the hint that says which of its customers is meant
    /// (`organization`, `domain_hint`; ledger B31).
    pub parameters: BTreeMap<String, String>,
    /// What `login_hint` says, for providers that take the organisation's hint by that name.
    pub login_hint: Option<String>,
    /// The application's roles that whoever signs in for the first time gets.
    pub default_roles: Vec<RoleName>,
    /// How the client secret is shown.
    pub client_authentication: Authentication,
    /// What the tenant keeps of the provider's words, and which roles they give.
    pub claim_rules: Vec<Rule>,
    /// Of SAML: whether requests are signed even where the provider does not ask for it.
    pub sign_requests: bool,
    /// Of SAML: whether a sign-in may begin at the provider.
    pub idp_initiated: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        ConnectionSettings {
            scopes: "profile email".to_owned(),
            parameters: BTreeMap::new(),
            login_hint: None,
            default_roles: Vec::new(),
            client_authentication: Authentication::Automatic,
            claim_rules: Vec::new(),
            sign_requests: false,
            idp_initiated: false,
        }
    }
}

impl ConnectionSettings {
    /// The parameters as the protocol takes them.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] for one that only the protocol may say.
    pub fn extra(&self) -> Result<ExtraParameters, ProviderError> {
        ExtraParameters::parse(self.parameters.clone())
    }

    /// The scopes to ask for beside `openid`: those that are set, without those whose claims the rules drop.
    pub fn asked_scopes(&self) -> String {
        claims::asked(&self.scopes, &self.claim_rules)
    }

    /// The roles of the application among the default ones. The platform's own are never given away by
    /// signing in.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.default_roles.iter().filter(|role| !role.is_platform())
    }
}

/// A tenant's use of a provider.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The provider that it leads to.
    pub provider: ProviderId,
    /// What that speaks.
    pub kind: Kind,
    /// Its name for people.
    pub name: String,
    /// How it stands.
    pub standing: ConnectionStanding,
    /// The provider's issuer, which this connection pins.
    pub issuer: String,
    /// As whom we are registered there.
    pub client_id: String,
    /// Our secret there; none for a public client.
    pub client_secret: Option<Secret<String>>,
    /// What else was set.
    pub settings: ConnectionSettings,
}

impl Connection {
    /// The issuer, parsed.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] for one that may not be called here.
    pub fn issuer(&self, transport: Transport) -> Result<Issuer, ProviderError> {
        Issuer::parse(&self.issuer, transport)
    }

    /// How this provider's token endpoint is shown who we are.
    ///
    /// # Errors
    /// As [`Authentication::at`].
    pub fn authentication(&self, provider: &ProviderMetadata) -> Result<ClientAuthentication, ProviderError> {
        self.settings.client_authentication.at(provider, self.client_secret.is_some())
    }
}

/// What a connection's client secret is sealed for.
pub fn secret_purpose(id: ConnectionId) -> String {
    format!("connection {id}")
}

/// The redirect URI to register at the provider. It never changes.
pub fn redirect_uri(hosts: &Hosts, id: ConnectionId) -> String {
    format!("{}/callback/{id}", hosts.id)
}

struct Sealed(Connection, domain::Sealed);

impl FromRow for Sealed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let connection = Connection {
            id: row.parse("id")?,
            provider: row.parse("provider_id")?,
            kind: row.parse("kind")?,
            name: row.text("name")?,
            standing: row.parse("standing")?,
            issuer: row.text("issuer")?,
            client_id: row.text("client_id")?,
            client_secret: None,
            settings: row.json("settings")?,
        };
        Ok(Sealed(connection, row.sealed("client_secret")?))
    }
}

impl Sealed {
    fn open(self, tx: &TenantRead) -> Result<Connection, StoreError> {
        let Sealed(connection, sealed) = self;
        if sealed.as_str().is_empty() {
            return Ok(connection);
        }
        let plain = tx.master().open(&secret_purpose(connection.id), &sealed)?;
        let secret = String::from_utf8(plain)
            .map_err(|why| StoreError::Unreadable { column: "client_secret".into(), why: why.to_string() })?;
        Ok(Connection { client_secret: Some(Secret::new(secret)), ..connection })
    }
}

/// One connection of this tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn find(tx: &mut TenantRead, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    let sql = sql!(
        "SELECT id, provider_id, kind, name, standing, issuer, client_id, client_secret, settings FROM connection
         WHERE tenant_id = $1 AND id = $2"
    );
    let found: Option<Sealed> = tx.row(sql, values![id]).await?;
    found.map(|sealed| sealed.open(tx)).transpose()
}

/// The connections that are in use, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn in_use(tx: &mut TenantRead) -> Result<Vec<Connection>, StoreError> {
    let sql = sql!(
        "SELECT id, provider_id, kind, name, standing, issuer, client_id, client_secret, settings FROM connection
         WHERE tenant_id = $1 AND standing = 'active' ORDER BY created_at, id LIMIT 100"
    );
    let found: Vec<Sealed> = tx.rows(sql, &[]).await?;
    found.into_iter().map(|sealed| sealed.open(tx)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_say_nothing_mean_the_usual() {
        let settings: ConnectionSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, ConnectionSettings::default());
    }

    #[test]
    fn signing_in_never_gives_a_role_of_the_platform() {
        let text = r#"{"default_roles": ["reader", "partywall.admin"]}"#;
        let settings: ConnectionSettings = serde_json::from_str(text).unwrap();
        let roles: Vec<_> = settings.roles().map(RoleName::as_str).collect();
        assert_eq!(roles, ["reader"]);
    }
}
