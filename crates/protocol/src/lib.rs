//! Published protocols as pure functions: JOSE, OpenID Connect and SAML 2.0 as a relying party, client certificates, Envoy's
//! questions, expressions in CEL, and our own access token, and the context token with its proof (`docs/wire.md`).
//!
//! This crate owns what a message must look like to be believed. Time, chance and keys are handed in;
//! text goes in, meaning or a refusal comes out. Everything that a stranger wrote is bounded before it
//! is parsed.
//!
//! It tells others which key is missing ([`TokenError::UnknownKey`]), so that they fetch the keys again.
//!
//! It never does IO, never reads a clock, never knows a tenant's rows, and is the only place that names
//! the JOSE library, the XML libraries and the reader of CEL.

pub mod access_token;
pub mod application_token;
pub mod claims;
pub mod context;
pub mod expression;
pub mod ext_authz;
pub mod identity;
pub mod jose;
pub mod json;
pub mod oauth2;
pub mod oidc;
pub mod pkce;
pub mod proof;
pub mod saml;
pub mod x509;

#[cfg(test)]
mod dice;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod vectors;

pub use identity::IdentityClaims;
pub use jose::{JwkSet, Signer, TokenError};
