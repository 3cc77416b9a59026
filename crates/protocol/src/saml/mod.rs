//! SAML 2.0 as a service provider: metadata of both sides, the request by redirect, and the answer by POST.
//!
//! In the order of a sign-in: [`metadata`], [`request`], [`response`]. There is one XML view. The signature is checked
//! on a tree by the same crates that canonicalise it, and what is read afterwards are nodes of that tree, reached only
//! from an element that a signature covers as a whole; there is no second parser that could see something else.
//! `docs/decisions/` says why, and what stands before the parser.

mod assertion;
mod certificate;
mod claims;
mod encrypted;
mod error;
#[cfg(any(test, feature = "forge"))]
pub mod forge;
mod key;
pub mod metadata;
pub mod request;
pub mod response;
mod signature;
#[cfg(test)]
mod tests;
mod xml;

pub use assertion::Believed;
pub use certificate::Certificate;
pub use error::SamlError;
pub use key::OwnKey;
pub use metadata::{ProviderMetadata, is_entity_id, own_metadata};
pub use request::{AuthnRequest, request_id, state_of};
pub use response::{Disbelieved, Expect, read_response};
pub use xml::{MOST_MESSAGE, MOST_METADATA};
