//! Signing in: from the first click to the hand-over.
//!
//! `begin` binds the way back to this browser, `gate` knows where that leads, `choose` finds the connection, `leave` goes to its provider
//! with a sealed pending sign-in, `take` takes what comes back, once, `recognise` believes it, `complete` asks for what it leaves
//! out, and `finish` is the one write.
//! Tells others when somebody signed in and when a member joined. Never links people by e-mail, and takes
//! the issuer from the connection only.

mod authentication;
pub(crate) mod choose;
mod complete;
pub mod connection;
pub(crate) mod discover;
mod error;
pub(crate) mod finish;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod leave;
pub(crate) mod pages;
pub(crate) mod pending;
mod plain;
mod recognise;
pub(crate) mod rows;
mod take;
mod trial;

pub use authentication::Authentication;
pub use connection::{Connection, ConnectionSettings, ConnectionStanding};
pub use discover::{DiscoverError, Documents, published};
#[cfg(test)]
pub(crate) use error::CODES;
pub use error::SignInError;
pub use trial::trial_link;
