//! Whoever gives certificates: an ACME server, or a story in a test.

use domain::{Hostname, Secret};
use futures_util::future::BoxFuture;
use std::time::Duration;
use store::StoreError;

/// What asking an authority comes to.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, No>>;

/// A certificate authority.
pub trait Authority: Send + Sync {
    /// Opens an account there; gives what it is used with from then on.
    fn open(&self) -> Answer<'_, Secret<String>>;

    /// Obtains a certificate; `show` is called with what the authority asks to be shown under the name.
    fn obtain<'a>(&'a self, wish: Wish<'a>, show: Show<'a>) -> Answer<'a, Obtained>;
}

/// What is wanted.
pub struct Wish<'a> {
    /// For which name.
    pub host: &'a Hostname,
    /// The account.
    pub account: &'a Secret<String>,
    /// How many tries have failed, so that another way can be tried.
    pub tries: i64,
}

/// What the authority asks to be shown under a name, as a file or in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// By what it asks for it.
    pub token: String,
    /// What it wants to see: the token and the hash of our account's public key. No secret.
    pub answer: String,
}

/// Shows it to whoever asks, on every node.
pub type Show<'a> = Box<dyn FnOnce(Asked) -> BoxFuture<'a, Result<(), StoreError>> + Send + 'a>;

/// A chain and its key, in PEM.
pub struct Obtained {
    /// The chain, the name's own certificate first.
    pub chain: String,
    /// The key.
    pub key: Secret<String>,
}

/// Why there is no certificate, in words for the name's tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct No {
    /// The words.
    pub why: String,
    /// How long the authority wants to be left alone by all of us, if it does.
    pub rest: Option<Duration>,
}

impl No {
    /// For this name alone.
    pub fn because(why: impl Into<String>) -> Self {
        No { why: why.into(), rest: None }
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "an order could not be carried on: {error}");
        No::because("the installation's database did not answer")
    }
}
