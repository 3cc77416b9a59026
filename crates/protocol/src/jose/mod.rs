//! JOSE: signed tokens in the compact form (RFC 7515, 7517, 7518, 7519, under the rules of RFC 8725).
//!
//! A key is chosen by `kid` from a set that the caller got from the issuer itself, and a key verifies
//! only the algorithms that it was made for. Whatever key a token brings along or points to (`jwk`,
//! `jku`, `x5u`, `x5c`) is not looked at, save in a proof of possession, which is about nothing else (`dpop`). The library checks signatures; everything else, time above
//! all, is checked here.

mod algorithm;
mod bearer;
mod claims;
mod dpop;
mod error;
mod key_set;
mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use bearer::{Bearer, BearerExpect};
pub use claims::Claims;
pub use dpop::{DpopExpect, DpopProof};
pub use error::{KeySetError, TokenError};
pub use key_set::JwkSet;
pub use sign::{Signer, published_key_set};
pub use verify::{Expect, Typ, verify, verify_whenever};
