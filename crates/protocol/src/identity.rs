//! Who signed in, in whatever protocol it was said.

use domain::{DisplayName, EmailAddress, Moment};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// The most bytes that a subject may have.
const SUBJECT_LIMIT: usize = 255;

/// Who signed in, as the provider says. Only the subject is certain to be there; what the provider did
/// not say is none, and nothing is made up in its place. Does not print.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct IdentityClaims {
    /// Together with the issuer, the person. Never reassigned, not meant to be read.
    pub subject: String,
    /// The name, if there is one that can be shown.
    pub name: Option<DisplayName>,
    /// The address, if there is one of the right form. Nobody is recognised by it.
    pub email: Option<EmailAddress>,
    /// Whether the provider says that it checked the address. Only a plain `true` counts.
    pub email_verified: bool,
    /// How strongly the person was authenticated, in the provider's terms.
    pub acr: Option<String>,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// When the person signed in at the provider.
    pub auth_time: Option<Moment>,
    /// The provider's name for its session, for logout.
    pub sid: Option<String>,
    /// Every claim as it came, for claim rules.
    pub raw: Map<String, Value>,
}

impl fmt::Debug for IdentityClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityClaims(…)")
    }
}

/// Whether `text` can be somebody's name at a provider.
pub(crate) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_LIMIT).contains(&text.len()) && !text.contains(char::is_control)
}
