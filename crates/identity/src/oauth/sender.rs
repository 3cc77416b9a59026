//! Which key a token is bound to, so that it is worth nothing to whoever steals it.

use serde_json::{Value, json};

/// What a token is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The thumbprint of a key whose possession was proven (RFC 9449).
    pub(crate) jkt: Option<String>,
    /// The hash of a certificate (RFC 8705).
    pub(crate) x5t: Option<String>,
}

impl Bound {
    /// The value of `cnf`.
    pub(crate) fn confirmation(&self) -> Option<Value> {
        match (&self.jkt, &self.x5t) {
            (Some(jkt), _) => Some(json!({ "jkt": jkt })),
            (None, Some(x5t)) => Some(json!({ "x5t#S256": x5t })),
            (None, None) => None,
        }
    }

    /// How such a token is shown.
    pub(crate) fn token_type(&self) -> &'static str {
        if self.jkt.is_some() { "DPoP" } else { "Bearer" }
    }
}
