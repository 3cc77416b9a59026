//! OpenID Connect as a relying party: the authorization code flow with PKCE, state and nonce, from
//! the provider's metadata to the identity in its ID token, and back out through its logout page.
//!
//! In the order of a sign-in: [`discovery`], [`authorize`], [`callback`], [`exchange`], [`id_token`],
//! [`userinfo`], [`logout`]. The issuer is pinned by the connection and never taken from what a provider or a browser
//! says; every answer is held against it (OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout
//! 1.0, RFC 6749, RFC 9207, RFC 9700).

pub mod authorize;
pub mod callback;
pub mod discovery;
mod error;
pub mod exchange;
pub mod id_token;
mod issuer;
pub mod logout;
pub mod userinfo;

#[cfg(test)]
mod tests;

pub use authorize::{Authorize, ExtraParameters};
pub use callback::Callback;
pub use discovery::{ClientAuthentication, ProviderMetadata, keys_address};
pub use error::{CallbackError, ProviderError, Refusal};
pub use exchange::{Exchange, TokenRequest, Tokens};
pub use id_token::{IdTokenExpect, validate_id_token};
pub use issuer::{Issuer, Transport};
pub use logout::Logout;
pub use userinfo::{UserInfo, UserInfoError};
