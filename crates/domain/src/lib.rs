//! The words that everybody speaks: typed ids, names that were parsed once, rights and roles, plans,
//! time and chance, secrets, events and the values of an audit line.
//!
//! `digest`, `seal` and `sign` wrap aws-lc-rs, so that every floor above has one cryptography provider and
//! one way to hash, to sign and to seal at rest.
//!
//! This crate does no IO, knows no tenant's data and decides nothing.

pub mod anchor;
pub mod api_key;
pub mod balance;
pub mod chance;
pub mod digest;
pub mod event;
pub mod fault;
pub mod id;
pub mod issuer;
pub mod name;
pub mod network;
pub mod page;
pub mod plan;
pub mod right;
pub mod seal;
pub mod secret;
pub mod sign;
pub mod standing;
pub mod time;

pub use anchor::{AnchorRules, Attribute, CertificateRule, ListPolicy, Machine, RuleTenant, WhenStale};
pub use api_key::{ApiKeyKind, ApiKeyText, SignedKey};
pub use balance::{Affinity, Balancing, Choose, HealthCheck};
pub use chance::Chance;
pub use digest::Digest;
pub use event::{Change, Event, Heard, Personal};
pub use fault::Fault;
pub use id::*;
pub use issuer::{BoundTo, IssuerRules, TenantFrom, TokenAlgorithm, TokenCaller};
pub use name::{
    BrandColour, DisplayName, EmailAddress, Greeting, HelpLink, Hostname, NameError, ProductName, Region,
    ReturnPath, RoleName, ScopeName, Slug,
};
pub use network::{Network, NetworkError};
pub use page::{Cursor, Page};
pub use plan::{Entitlement, Limit, Limits};
pub use right::{PlatformRole, Right, RightSet};
pub use seal::{MasterKey, Sealed};
pub use secret::Secret;
pub use sign::{SigningKey, VerifyingKey};
pub use standing::Standing;
pub use time::{Clock, Moment};
