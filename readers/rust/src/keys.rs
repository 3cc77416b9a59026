//! The key set that context tokens are verified with, and how it is kept fresh.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::{ConfigError, ContextError};

/// How long a fetch may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// A key set older than this many seconds is fetched again, so that a withdrawn key stops being trusted.
const FRESH_FOR: i64 = 300;

/// Why a key set could not be fetched.
pub type FetchError = Box<dyn Error + Send + Sync>;

type Fetching = Pin<Box<dyn Future<Output = Result<String, FetchError>> + Send>>;

/// Where the keys come from.
pub struct KeySource(Source);

enum Source {
    Fixed(String),
    Fetched(Box<dyn Fn() -> Fetching + Send + Sync>),
}

impl KeySource {
    /// A key set that never changes, as JSON.
    #[must_use]
    pub fn fixed(jwks: impl Into<String>) -> Self {
        Self(Source::Fixed(jwks.into()))
    }

    /// A key set that your own HTTP client fetches: return the body of
    /// `https://id.<base>/.well-known/jwks.json`. It is called when a token names an unknown key, and when
    /// the keys are five minutes old.
    pub fn fetched<F, T>(fetch: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, FetchError>> + Send + 'static,
    {
        Self(Source::Fetched(Box::new(move || Box::pin(fetch()))))
    }

    /// A key set fetched over plain HTTP: for a private network or a laptop. Anyone between here and there
    /// could hand out keys of their own, so across an open network use [`KeySource::fetched`] with TLS.
    #[cfg(feature = "fetch")]
    #[must_use]
    pub fn plain_http(address: impl Into<String>) -> Self {
        let address = address.into();
        Self::fetched(move || crate::fetch::get(address.clone()))
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Fixed(_) => "KeySource::fixed",
            Source::Fetched(_) => "KeySource::fetched",
        })
    }
}

type Keys = HashMap<String, DecodingKey>;

/// The keys known now, and when they were last asked for.
pub(crate) struct KeyRing {
    source: KeySource,
    pause: i64,
    known: RwLock<Known>,
    /// Held while fetching, so that a crowd of requests asks once. Remembers the last attempt.
    last: Mutex<Option<Attempt>>,
}

#[derive(Default)]
struct Known {
    keys: Keys,
    fetched_at: Option<i64>,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: i64,
    succeeded: bool,
}

impl KeyRing {
    pub(crate) fn new(source: KeySource, pause: i64) -> Result<Self, ConfigError> {
        let keys = match &source.0 {
            Source::Fixed(jwks) => parse(jwks).map_err(|error| ConfigError::Keys(error.to_string()))?,
            Source::Fetched(_) => Keys::new(),
        };
        let known = RwLock::new(Known { keys, fetched_at: None });
        Ok(Self { source, pause, known, last: Mutex::new(None) })
    }

    /// The key of this id. Asks the source when the id is unknown or the keys have aged, but never again
    /// within the pause; aged keys go on serving while the source is away.
    pub(crate) async fn find(&self, id: &str, now: i64) -> Result<DecodingKey, ContextError> {
        let Source::Fetched(fetch) = &self.source.0 else {
            return self.known(id).ok_or(ContextError::UnknownKey);
        };
        if let Some(key) = self.known(id)
            && self.is_fresh(now)
        {
            return Ok(key);
        }
        let mut last = self.last.lock().await;
        let paused = last.is_some_and(|attempt| (now - attempt.at).abs() < self.pause);
        if !paused {
            let succeeded = self.refresh(fetch(), now).await;
            *last = Some(Attempt { at: now, succeeded });
        }
        let reached = last.is_some_and(|attempt| attempt.succeeded);
        self.known(id).ok_or(if reached { ContextError::UnknownKey } else { ContextError::KeysAway })
    }

    fn known(&self, id: &str) -> Option<DecodingKey> {
        self.known.read().keys.get(id).cloned()
    }

    fn is_fresh(&self, now: i64) -> bool {
        self.known.read().fetched_at.is_some_and(|at| (now - at).abs() < FRESH_FOR)
    }

    async fn refresh(&self, fetching: Fetching, now: i64) -> bool {
        let Ok(Ok(body)) = tokio::time::timeout(DEADLINE, fetching).await else {
            return false;
        };
        let Ok(keys) = parse(&body) else { return false };
        *self.known.write() = Known { keys, fetched_at: Some(now) };
        true
    }
}

/// The P-256 keys of a key set, by id. Keys of other kinds are passed over: a set may hold more than ours.
fn parse(jwks: &str) -> Result<Keys, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_str(jwks)?;
    Ok(set.keys.into_iter().filter_map(usable).collect())
}

fn usable(key: serde_json::Value) -> Option<(String, DecodingKey)> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let AlgorithmParameters::EllipticCurve(parameters) = &key.algorithm else {
        return None;
    };
    if parameters.curve != EllipticCurve::P256 {
        return None;
    }
    Some((key.common.key_id.clone()?, DecodingKey::from_jwk(&key).ok()?))
}
