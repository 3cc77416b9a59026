//! Connections: one tenant's use of a provider. Its admin registers us there, tries the connection without
//! letting anybody in by it, and then activates it.
//!
//! The redirect URI holds the connection's id and never changes; it is known before there is a connection,
//! because providers ask for it before they give out a client id. A client secret goes in and never comes
//! out again. How people sign in by a connection is [`crate::sign_in`]'s concern.
//!
//! Tells others `connection.changed`.

mod activate;
mod change;
mod client;
mod create;
mod form;
pub(crate) mod http;
mod list;
pub(crate) mod pages;
mod remove;
mod reserve;
pub(crate) mod rows;
mod stage;
mod switch_off;
mod switch_on;
#[cfg(test)]
mod tests;

pub use activate::activate;
pub use change::{Changes, SecretChange, change};
pub use client::{ClientId, ClientSecret, Scopes, parameters_of};
pub use create::{Choice, Client, NewConnection, create};
pub use list::{Owner, list, read};
pub use remove::remove;
pub use reserve::{Reservation, reserve};
pub use stage::{Refused, Stage, Step};
pub use switch_off::{Loss, loss_in, switch_off};
pub use switch_on::switch_on;

use crate::{
    provider::{Kind, ProviderError},
    sign_in::{ConnectionSettings, DiscoverError},
};
use domain::{ConnectionId, DisplayName, Fault, Moment, NameError, ProviderId, RoleName};
use serde_json::{Value, json};
use store::StoreError;

/// A connection as those see it who manage it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The provider that it leads to.
    pub provider: ProviderId,
    /// What that speaks.
    pub kind: Kind,
    /// Its name for people.
    pub name: DisplayName,
    /// The provider's issuer.
    pub issuer: String,
    /// As whom we are registered there.
    pub client_id: ClientId,
    /// Whether we have a secret there.
    pub has_secret: bool,
    /// What else is set.
    pub settings: ConnectionSettings,
    /// How far it is.
    pub stage: Stage,
    /// Since when it is here.
    pub created_at: Moment,
    /// When it was last changed.
    pub changed_at: Moment,
}

impl Connection {
    /// What is set, for the audit trail. Of the secret, only whether there is one.
    pub(crate) fn facts(&self) -> Value {
        json!({
            "name": self.name,
            "provider": self.provider,
            "kind": self.kind.name(),
            "sign_requests": self.settings.sign_requests,
            "idp_initiated": self.settings.idp_initiated,
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret": said(self.has_secret),
            "scopes": self.settings.scopes,
            "client_authentication": self.settings.client_authentication,
            "parameters": parameters_of(&self.settings),
            "default_roles": self.settings.default_roles,
            "standing": self.stage.standing().name(),
        })
    }
}

/// All that is ever said about a secret.
pub(crate) const fn said(has_secret: bool) -> &'static str {
    if has_secret { "set" } else { "not set" }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// There is none by this id.
    #[error("there is no such connection")]
    Unknown,
    /// There is no such provider, or it is another's and not shared.
    #[error("there is no such provider")]
    UnknownProvider,
    /// It has not been tried since its client was last changed.
    #[error("the connection has not been tested")]
    Untested,
    /// Every certificate of its provider has ended.
    #[error("every certificate of the provider has ended")]
    CertificateEnded,
    /// It is not where this step begins.
    #[error(transparent)]
    Stage(#[from] Refused),
    /// It would lock people out, and that was not confirmed.
    #[error("unconfirmed: {0}")]
    Unconfirmed(Loss),
    /// A default role is none of the application's.
    #[error("{0} is no role of the application")]
    UnknownRole(RoleName),
    /// The plan has no room for another.
    #[error("the plan has room for {most} connections")]
    PlanLimit {
        /// How many there may be.
        most: u64,
    },
    /// The reserved redirect URI is another tenant's, or altered, or used already.
    #[error("the reservation is not good")]
    Reservation,
    /// A value is not what it should be.
    #[error("{field}: {why}")]
    Value {
        /// Which.
        field: &'static str,
        /// What it should be.
        why: String,
    },
    /// The new provider cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider cannot be asked.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectionError {
    /// A value that could not be read as a name.
    pub(crate) fn value(field: &'static str) -> impl Fn(NameError) -> Self {
        move |NameError(why)| ConnectionError::Value { field, why: why.to_owned() }
    }
}

impl Fault for ConnectionError {
    fn code(&self) -> &'static str {
        match self {
            ConnectionError::Unknown => "item.unknown",
            ConnectionError::UnknownProvider => "provider.unknown",
            ConnectionError::Untested => "connection.untested",
            ConnectionError::CertificateEnded => "connection.certificate",
            ConnectionError::Stage(_) => "connection.stage",
            ConnectionError::Unconfirmed(_) => "connection.unconfirmed",
            ConnectionError::UnknownRole(_) => "role.unknown",
            ConnectionError::PlanLimit { .. } => "plan.limit",
            ConnectionError::Reservation => "connection.reservation",
            ConnectionError::Value { .. } => "input.invalid",
            ConnectionError::Provider(error) => error.code(),
            ConnectionError::Discover(error) => error.code(),
            ConnectionError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ConnectionError::Stage(refused) => Some(format!("{refused}.")),
            ConnectionError::Unconfirmed(loss) => Some(loss.to_string()),
            ConnectionError::UnknownRole(role) => Some(format!("The application has no role {role}.")),
            ConnectionError::PlanLimit { most } => Some(format!("The plan has room for {most} connections.")),
            ConnectionError::Value { why, .. } => Some(why.clone()),
            ConnectionError::Provider(error) => error.detail(),
            ConnectionError::Discover(error) => error.detail(),
            ConnectionError::Unknown
            | ConnectionError::UnknownProvider
            | ConnectionError::Untested
            | ConnectionError::CertificateEnded
            | ConnectionError::Reservation
            | ConnectionError::Store(_) => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            ConnectionError::UnknownProvider => Some("provider"),
            ConnectionError::Unconfirmed(_) => Some("confirm"),
            ConnectionError::UnknownRole(_) => Some("default_roles"),
            ConnectionError::Reservation => Some("reservation"),
            ConnectionError::Value { field, .. } => Some(field),
            ConnectionError::Provider(error) => error.place(),
            ConnectionError::Unknown
            | ConnectionError::Untested
            | ConnectionError::CertificateEnded
            | ConnectionError::Stage(_)
            | ConnectionError::PlanLimit { .. }
            | ConnectionError::Discover(_)
            | ConnectionError::Store(_) => None,
        }
    }
}
