//! Plain OAuth 2.0 as a way to sign in: providers that give no ID token and say at an endpoint of theirs who has an access
//! token (RFC 6749). What is said there is believed because we asked for it ourselves, with a token that came for a
//! code of our own sign-in: state, code verifier and the connection's own redirect address tie it to this browser.
//!
//! Such a provider has no issuer, so that it is named by where it is asked ([`Plain`]): nothing that publishes
//! OpenID metadata can have such a name, and whoever connects to the provider later asks at the same places.

mod plain;
mod tell;
#[cfg(test)]
mod tests;

pub use plain::{Plain, Request};
pub use tell::access_token;
