//! Access tokens: what an API key is exchanged for, good at one tenant and for a few minutes. Nothing of a token is
//! kept, because whoever takes back the key ends its tokens with it.
//!
//! Tells nobody anything. Never gives a token for a token, nor one that is good for more than its key.

mod exchange;
pub(crate) mod http;
#[cfg(test)]
mod tests;

pub use exchange::{Issued, exchange};

use crate::Identity;
use access::PresentedKey;
use domain::{ApiKeyKind, ApiKeyText, Fault, ScopeName, SignedKey};
use std::sync::Arc;
use web::ReadsKeys;

impl ReadsKeys for Identity {
    fn present(&self, text: ApiKeyText<'_>) -> Option<PresentedKey> {
        let says = match text.kind() {
            ApiKeyKind::Random => None,
            ApiKeyKind::Signed => {
                let (keyring, now) = (self.keyring.load(), self.now());
                let live = keyring.api_keys.iter().filter(|key| now < key.until).map(|key| &key.secret);
                Some(Arc::new(SignedKey::read(text, live)?))
            }
        };
        Some(PresentedKey { digest: text.digest(), says })
    }
}

/// In which way a caller of these verbs can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No key was presented.
    #[error("no API key was presented")]
    NoKey,
    /// The key is not good for this.
    #[error("the key is not good for `{0}`")]
    Scope(ScopeName),
    /// What was asked for is no list of scopes.
    #[error("scopes are words with a space between them")]
    Malformed,
    /// The installation has nothing to sign with.
    #[error("there is no key to sign tokens with")]
    NoSigner,
}

impl Fault for ExchangeError {
    fn code(&self) -> &'static str {
        match self {
            ExchangeError::NoKey => "key.needed",
            ExchangeError::Scope(_) | ExchangeError::Malformed => "exchange.scope",
            ExchangeError::NoSigner => "internal",
        }
    }

    fn detail(&self) -> Option<String> {
        matches!(self, ExchangeError::Scope(_) | ExchangeError::Malformed).then(|| self.to_string())
    }
}
