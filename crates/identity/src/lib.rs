//! The room of people: who somebody is, at which tenant, and for how long.
//!
//! # The rule
//!
//! A session carries the provider by which its person was proven. It opens a tenant only if the person is
//! an active member there and the tenant has an active connection to this very provider. Nobody is ever
//! recognised by an e-mail address: an external identity is a provider and the keyed hash of a subject, as
//! a pair.
//!
//! # The way of a sign-in
//!
//! 1. [`sign_in`] begins at a tenant's host or in the console, which sets the cookie that binds the way back
//!    to this browser, and goes on to `id.`. There a connection is chosen, or none is needed because the
//!    person's session at `id.` opens the tenant, and the browser leaves for the provider.
//! 2. The provider's answer comes to the callback. One write recognises the person, makes them a member if
//!    they are new, and leaves a [`hand_over`]; a session at `id.` ([`person`]) begins.
//! 3. Back where it began, the hand-over is taken, once and by the browser that left, and a [`session`]
//!    begins.
//!
//! [`invitation`] lets the first admin of a tenant in, [`switch`] goes from one tenant to another, and
//! `parting` ends what signing out leaves at `id.`
//!
//! [`application`]s receive our tokens; `oauth` is where they get them.
//!
//! [`api_key`], [`access_token`] and [`subscriber`] are for the programs that call in a tenant's name.
//!
//! This room tells others when somebody signs in, joins, or leaves. It keeps no password, and no token of
//! a provider outlives the request that it came in.

pub mod access_token;
pub mod api_key;
pub mod application;
mod asked;
pub mod claim_rule;
pub mod connection;
pub mod hand_over;
pub mod invitation;
mod key_set;
pub mod member;
pub mod oauth;
mod parting;
pub mod person;
pub mod preset;
pub mod provider;
mod routes;
pub mod saml;
pub mod session;
mod settings;
pub mod sign_in;
pub mod sign_in_domain;
mod state;
pub mod subscriber;
pub mod switch;
#[cfg(test)]
mod tests;
mod ticket;
mod turn;

pub use routes::{pages, routes};
pub use settings::Settings;
pub use state::{Identity, KnownRoles, KnownScopes};
