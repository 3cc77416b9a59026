//! Who is calling, at which tenant, and may they: the only mint of permits.
//!
//! # How a caller becomes a permit
//!
//! 1. [`Warden::resolve`] takes everything in a request that names a tenant. All of it must agree; there
//!    is no default tenant. Out comes a [`Resolved`].
//! 2. [`Warden::authenticate`] takes a [`Resolved`] and a [`Credential`]. A credential of one tenant is
//!    worth nothing at another's address. Out comes a [`Caller`].
//! 3. [`Warden::authorize`] takes a [`Caller`] and an action of the policy page. Out comes a
//!    [`Permit`], and only a permit opens the store.
//!
//! The first two work over memory. What memory does not hold is named in [`Stop::Load`], fetched
//! through [`Directory`], which `store` answers, and asked again; [`Warden::permit`] does that loop.
//!
//! # What can mint
//!
//! Only [`Warden`], in four ways: for a request ([`Warden::permit`], [`Warden::person`],
//! [`Warden::operator`]), for a claimed job ([`Warden::claim`]), for the platform's own background work
//! ([`Warden::background`], [`Warden::platform`]), and for an operator who assumes a tenant, with a
//! reason that both sides can read ([`Warden::assume`]). Tests use the same warden.
//!
//! This crate names no database, no HTTP and no provider.

pub mod brand;
mod cache;
pub mod credential;
mod cut_short;
pub mod directory;
pub mod permit;
pub mod policy;
pub mod refusal;
mod shortcut;
mod tenants;
pub mod warden;

pub use brand::{Brand, Picture};
pub use credential::{Cookie, CookieKeys, Credential, HostOf, PresentedKey};
pub use directory::{
    Answer, ClaimedJob, CutShort, Directory, DirectoryError, KeyEnd, KeyGrant, Maintenance, MemberGrant,
    OperatorGrant, PersonGrant, Proof, SessionGrant, StandingGrant, Subscriptions, TenantRecord,
};
pub use permit::{
    Actor, Caller, CertificateHolder, ExchangedToken, GrantHolder, GrantedToken, KeyHolder, OperatorPermit,
    Permit, Person, PersonPermit, TenantScope, TokenHolder,
};
pub use policy::*;
pub use refusal::{CrossTenant, Refusal, Stop, Wanted, Witness};
pub use shortcut::Shortcut;
pub use tenants::{Tenant, Tenants};
pub use warden::{Bounds, Identifier, Origin, Resolved, Source, Warden};
