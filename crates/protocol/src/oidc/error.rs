//! What can be wrong with a provider and with what a browser brings back from it.

use domain::Fault;
use serde_json::{Map, Value};

/// What is wrong with what a provider published or answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Its metadata cannot be used.
    #[error("the provider's metadata cannot be used: {0}")]
    Metadata(&'static str),
    /// It calls itself by another name than the one that was asked (Discovery 1.0 section 4.3).
    #[error("the provider's metadata is for another issuer than the one that was given")]
    IssuerMismatch,
    /// It refused to exchange the code.
    #[error("the provider refused: {0}")]
    Refused(Refusal),
    /// Its answer cannot be used.
    #[error("the provider's answer cannot be used: {0}")]
    Answer(&'static str),
}

impl Fault for ProviderError {
    fn code(&self) -> &'static str {
        match self {
            ProviderError::Metadata(_) => "provider.metadata",
            ProviderError::IssuerMismatch => "provider.issuer-mismatch",
            ProviderError::Refused(_) => "provider.refused",
            ProviderError::Answer(_) => "provider.answer",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            ProviderError::Metadata(reason) | ProviderError::Answer(reason) => Some((*reason).to_owned()),
            ProviderError::Refused(refusal) => Some(refusal.code.clone()),
            ProviderError::IssuerMismatch => None,
        }
    }
}

/// What is wrong with what a browser brought to the redirect address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not an answer to a sign-in.
    #[error("this is not an answer of a provider: {0}")]
    Malformed(&'static str),
    /// It answers a sign-in that this browser did not begin.
    #[error("the answer belongs to another sign-in")]
    State,
    /// Another provider gave it (RFC 9207), or the right one forgot to say who it is.
    #[error("the answer is from another issuer than the one that was asked")]
    Issuer,
    /// The provider refused, or its user did.
    #[error("the provider refused: {0}")]
    Refused(Refusal),
}

impl Fault for CallbackError {
    fn code(&self) -> &'static str {
        match self {
            CallbackError::Malformed(_) => "callback.malformed",
            CallbackError::State => "callback.state",
            CallbackError::Issuer => "callback.issuer",
            CallbackError::Refused(_) => "provider.refused",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            CallbackError::Malformed(reason) => Some((*reason).to_owned()),
            CallbackError::Refused(refusal) => Some(refusal.code.clone()),
            CallbackError::State | CallbackError::Issuer => None,
        }
    }
}

/// A provider's refusal in its own words, made safe to log. The description is a stranger's text: it
/// is shown to those who test a connection, as text, and to nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For example `access_denied` or `invalid_client` (RFC 6749 sections 4.1.2.1 and 5.2).
    pub code: String,
    /// What it said beyond that, shortened to 300 characters.
    pub description: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code)
    }
}

impl Refusal {
    /// None if the code is not of the form that error codes have.
    pub(super) fn read(code: &str, description: Option<&str>) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
        if !(1..=100).contains(&code.len()) || !code.bytes().all(plain) {
            return None;
        }
        let description = description.map(readable).filter(|text| !text.is_empty());
        Some(Refusal { code: code.to_owned(), description })
    }

    pub(crate) fn in_json(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        Refusal::read(text("error")?, text("error_description"))
    }
}

/// The beginning of a stranger's text, without what could break a log line or turn its direction.
fn readable(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().take(300).map(|c| if odd(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}
