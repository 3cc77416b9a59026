//! Providers: an issuer with its keys, owned by one tenant. People are known by a provider and their name
//! there, so a provider outlives the connections to it.
//!
//! Another tenant can connect to it only while its owner shares it; when the share is taken back, the
//! other's connections to it stop working within seconds. A provider that is not there and one that is not
//! shared cannot be told apart.
//!
//! Tells others `connection.changed`, and with a share the other tenant as well. Never asks an issuer
//! inside a write.

mod create;
pub(crate) mod http;
mod list;
mod look_after;
pub(crate) mod pages;
mod published;
pub(crate) mod rows;
mod share;
mod take_back;
#[cfg(test)]
mod tests;

pub(crate) use create::{NewProvider, check, settle};
pub use create::{Source, create};
pub use list::{ReadsConnections, list, read, shares};
pub(crate) use list::{hurry, is_open, metadata};
pub use look_after::{due, look_after};
pub use published::{Published, replace};
pub use share::share;
pub use take_back::take_back;

use crate::sign_in::DiscoverError;
use domain::{DisplayName, Fault, Moment, NameError, ProviderId, TenantId};
use outbound::OutboundError;
use protocol::{oidc::ProviderError as Discovered, saml::SamlError};
use std::{fmt, str::FromStr};
use store::StoreError;

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenID Connect.
    Oidc,
    /// OAuth 2.0 without an ID token.
    OAuth2,
    /// SAML 2.0.
    Saml,
}

impl Kind {
    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Oidc => "oidc",
            Kind::OAuth2 => "oauth2",
            Kind::Saml => "saml",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Kind::Oidc => "OpenID Connect",
            Kind::OAuth2 => "OAuth 2.0",
            Kind::Saml => "SAML 2.0",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = [Kind::Oidc, Kind::OAuth2, Kind::Saml].into_iter().find(|kind| kind.name() == text);
        found.ok_or(NameError("a provider speaks oidc, oauth2 or saml"))
    }
}

/// Whose a provider is, seen from one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// This tenant's own.
    Own {
        /// How many others it is shared with.
        shares: i64,
        /// Since when it is here.
        since: Moment,
    },
    /// Another tenant's, which shares it.
    Shared,
}

/// A provider, as one tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name for people.
    pub name: DisplayName,
    /// What it speaks.
    pub kind: Kind,
    /// Its issuer, or entity id, letter for letter.
    pub issuer: String,
    /// What it published, where that is kept: for SAML.
    pub published: Option<Published>,
    /// Whose it is.
    pub ownership: Ownership,
}

impl Provider {
    /// Whether this tenant owns it.
    pub fn is_own(&self) -> bool {
        matches!(self.ownership, Ownership::Own { .. })
    }
}

/// Another tenant that may connect to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The other tenant.
    pub with: TenantId,
    /// Since when.
    pub since: Moment,
}

/// How many providers of its own a tenant may have.
pub const MOST: i64 = 100;

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// There is none by this id, or it is another tenant's.
    #[error("there is no such provider")]
    Unknown,
    /// The tenant has one with this issuer.
    #[error("the tenant has a provider with this issuer")]
    Exists,
    /// The tenant has as many as it may have.
    #[error("the tenant has {MOST} providers")]
    TooMany,
    /// It would be shared with its owner.
    #[error("a provider is not shared with its own tenant")]
    WithOwner,
    /// The issuer is no address that may be called.
    #[error(transparent)]
    Address(#[from] OutboundError),
    /// The issuer is none.
    #[error(transparent)]
    Issuer(#[from] Discovered),
    /// The SAML metadata cannot be used.
    #[error(transparent)]
    Saml(#[from] SamlError),
    /// It speaks something else.
    #[error("the provider has no SAML metadata")]
    OtherKind,
    /// What the issuer publishes cannot be fetched or used.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ProviderError {
    fn code(&self) -> &'static str {
        match self {
            ProviderError::Unknown => "item.unknown",
            ProviderError::Exists => "provider.exists",
            ProviderError::TooMany => "plan.limit",
            ProviderError::WithOwner => "input.invalid",
            ProviderError::Address(error) => error.code(),
            ProviderError::Issuer(error) => error.code(),
            ProviderError::Discover(error) => error.code(),
            ProviderError::Saml(error) => error.code(),
            ProviderError::OtherKind => "input.invalid",
            ProviderError::Store(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ProviderError::TooMany => Some(format!("There may be {MOST} providers.")),
            ProviderError::WithOwner => Some("Give another organisation's id.".to_owned()),
            ProviderError::Address(error) => error.detail(),
            ProviderError::Issuer(error) => error.detail(),
            ProviderError::Discover(error) => error.detail(),
            ProviderError::Saml(error) => error.detail(),
            ProviderError::OtherKind => Some("This provider has no metadata that is kept here.".to_owned()),
            ProviderError::Unknown | ProviderError::Exists | ProviderError::Store(_) => None,
        }
    }

    fn place(&self) -> Option<&'static str> {
        match self {
            ProviderError::Exists
            | ProviderError::Address(_)
            | ProviderError::Issuer(_)
            | ProviderError::Discover(_) => Some("issuer"),
            ProviderError::Saml(_) | ProviderError::OtherKind => Some("metadata"),
            ProviderError::WithOwner => Some("tenant"),
            ProviderError::Unknown | ProviderError::TooMany | ProviderError::Store(_) => None,
        }
    }
}
