//! What a grant is for: everything about it that no statement asks for.

use domain::{Moment, ScopeName, UserId};
use protocol::application_token::Proof;
use serde::{Deserialize, Serialize};

/// What a grant is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    /// Words of OpenID Connect: `openid`, `profile` and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) words: Vec<String>,
    /// Scopes of the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<ScopeName>,
    /// Whom its tokens are for.
    pub(crate) audience: String,
    /// In whose name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserId>,
    /// When the person proved themselves, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    /// What the application wants to find again in the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// Where the code was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    /// What whoever shows the code must know (RFC 7636).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<String>,
    /// The application's name for the person's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// The thumbprint of the key that it is bound to (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jkt: Option<String>,
    /// The hash of the certificate that it is bound to (RFC 8705).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) x5t: Option<String>,
    /// Who acts, where that is not whom it is about (RFC 8693).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<serde_json::Value>,
    /// When it was agreed to at a device, and by what user code it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
}

impl Body {
    pub(crate) fn is_openid(&self) -> bool {
        self.has_word("openid")
    }

    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    /// When and how its person proved themselves.
    pub(crate) fn proof(&self) -> Option<Proof> {
        let at = Moment::from_seconds(self.auth_time?);
        Some(Proof { at, acr: self.acr.clone(), amr: self.amr.clone() })
    }
}
