//! One-time links, redeemed: whoever holds one and can sign in at the organisation's own provider becomes
//! its first admin, or the platform's first operator. Where there is no connection yet, the holder sets it
//! up first; the redirect URI is known before anything else is.
//!
//! The operator makes the links (in `control`) and never assigns a tenant's roles. A link that is invalid,
//! over, used, or for a tenant that is not there is answered with one and the same page.

pub(crate) mod http;
mod pages;
mod rows;
mod set_up;

pub(crate) use rows::{take_into_use, use_up};

use domain::Digest;

/// The hash under which a link's secret is kept and found.
pub(crate) fn digest(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}
