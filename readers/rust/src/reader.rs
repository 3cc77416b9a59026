//! Reading: from the headers of one request to a context, or a refusal.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use parking_lot::Mutex;

use crate::keys::{KeyRing, KeySource};
use crate::proof::{self, Proof};
use crate::replay::Replays;
use crate::{ConfigError, Context, ContextError, token};

/// What a reader needs to know. The four values of [`ReaderConfig::new`] are shown when a deployment is
/// created; the rest has defaults.
pub struct ReaderConfig {
    /// The deployment's id, `dep_…`.
    pub audience: String,
    /// The public URL of the `id.` host.
    pub issuer: String,
    /// Where the keys come from.
    pub keys: KeySource,
    /// The deployment's proof secret, exactly the text shown.
    pub proof_secret: String,
    /// Seconds between two fetches of the key set, however many unknown keys are named.
    pub pause: i64,
    /// How many requests of the last forty seconds are remembered to refuse a replay.
    pub capacity: usize,
    /// Unix seconds now, for those who do not pass the time themselves.
    pub clock: fn() -> i64,
}

impl ReaderConfig {
    /// The usual configuration.
    pub fn new(
        audience: impl Into<String>,
        issuer: impl Into<String>,
        keys: KeySource,
        proof_secret: impl Into<String>,
    ) -> Self {
        Self {
            audience: audience.into(),
            issuer: issuer.into(),
            keys,
            proof_secret: proof_secret.into(),
            pause: 10,
            capacity: 1_000_000,
            clock: system_seconds,
        }
    }
}

impl fmt::Debug for ReaderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReaderConfig")
            .field("audience", &self.audience)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Reads contexts. Make one at start and share it: it remembers which proofs it has seen.
pub struct Reader {
    audience: String,
    issuer: String,
    proof_key: hmac::Key,
    keys: KeyRing,
    replays: Mutex<Replays>,
    clock: fn() -> i64,
}

impl Reader {
    /// A reader, if the configuration can work.
    pub fn new(config: ReaderConfig) -> Result<Self, ConfigError> {
        if config.audience.is_empty() {
            return Err(ConfigError::NoAudience);
        }
        if config.issuer.is_empty() {
            return Err(ConfigError::NoIssuer);
        }
        if config.proof_secret.len() < 16 {
            return Err(ConfigError::ShortSecret);
        }
        Ok(Self {
            audience: config.audience,
            issuer: config.issuer,
            proof_key: hmac::Key::new(hmac::HMAC_SHA256, config.proof_secret.as_bytes()),
            keys: KeyRing::new(config.keys, config.pause)?,
            replays: Mutex::new(Replays::new(config.capacity)),
            clock: config.clock,
        })
    }

    /// Reads one request: its method, its path with query exactly as received, and a way to look up a
    /// header by name. Each request can be read once; a second reading is a replay.
    ///
    /// The proof is checked before the token. It is the cheaper of the two, and only what bears our secret
    /// can then make us verify a signature or fetch keys.
    pub async fn read<'h>(
        &self,
        method: &str,
        path_and_query: &str,
        header: impl Fn(&str) -> Option<&'h str>,
        now: i64,
    ) -> Result<Context, ContextError> {
        let token = header(token::HEADER).ok_or(ContextError::Missing(token::HEADER))?;
        let proof = header(proof::HEADER).ok_or(ContextError::Missing(proof::HEADER))?;
        let said = Said {
            tenant: header("Partywall-Tenant"),
            user: header("Partywall-User"),
            roles: header("Partywall-Roles"),
            subscriber: header("Partywall-Subscriber"),
            scopes: header("Partywall-Scopes"),
        };
        let request_id = header("Partywall-Request-Id").map(str::to_owned);

        let proof = Proof::parse(proof)?;
        proof.check_code(&self.proof_key, method, path_and_query, token)?;
        proof.check_age(now)?;

        let key = self.keys.find(&token::key_id(token)?, now).await?;
        let claims = token::verify(token, &key)?;
        claims.check(&self.issuer, &self.audience, now)?;

        let context = claims.into_context(request_id);
        said.agrees_with(&context)?;
        self.replays.lock().remember(proof.nonce, now)?;
        Ok(context)
    }

    /// Unix seconds now, by the configured clock.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("audience", &self.audience)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// What the plain headers say. They are a convenience that some part of a backend may be reading, so one
/// that says something else than the token is refused. The slug is for display only and not compared: it
/// may change within the token's minute.
struct Said<'h> {
    tenant: Option<&'h str>,
    user: Option<&'h str>,
    roles: Option<&'h str>,
    subscriber: Option<&'h str>,
    scopes: Option<&'h str>,
}

impl Said<'_> {
    fn agrees_with(&self, context: &Context) -> Result<(), ContextError> {
        if self.tenant != Some(context.tenant.id.as_str()) {
            return Err(ContextError::Disagrees("Partywall-Tenant"));
        }
        if self.user != context.user.as_ref().map(|user| user.id.as_str()) {
            return Err(ContextError::Disagrees("Partywall-User"));
        }
        let subscriber = context.subscriber.as_ref();
        if self.subscriber != subscriber.map(|subscriber| subscriber.id.as_str()) {
            return Err(ContextError::Disagrees("Partywall-Subscriber"));
        }
        if !says_all(self.scopes, context.scopes()) {
            return Err(ContextError::Disagrees("Partywall-Scopes"));
        }
        if says_all(self.roles, &context.roles) {
            Ok(())
        } else {
            Err(ContextError::Disagrees("Partywall-Roles"))
        }
    }
}

/// Whether a header's comma-separated words are these, in whatever order.
fn says_all(header: Option<&str>, words: &[String]) -> bool {
    let said: BTreeSet<&str> = header.unwrap_or("").split(',').filter(|word| !word.is_empty()).collect();
    said == words.iter().map(String::as_str).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a reader lives in other people's backends; this is its only clock"
)]
fn system_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
