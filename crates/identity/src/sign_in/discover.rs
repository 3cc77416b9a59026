//! What providers publish: metadata and keys, fetched through the guarded client, kept for a while, and
//! used on while their provider is away.
//!
//! One question is under way for each provider at a time; whoever comes meanwhile shares its answer, or
//! its failure. Keys are asked for anew when a token names one that is not known, at most once in a while,
//! so that a stranger's tokens make us ask no more often.

use domain::{Fault, Moment, ProviderId, TenantId};
use outbound::{Call, Outbound, OutboundError};
use parking_lot::RwLock;
use protocol::{
    JwkSet,
    jose::KeySetError,
    oidc::{Issuer, ProviderError, ProviderMetadata, Transport},
};
use quick_cache::sync::Cache;
use std::{sync::Arc, time::Duration};
use url::Url;

/// The most bytes of metadata or keys that are read.
const MOST_BYTES: usize = 64 * 1024;
/// How many providers are remembered.
const MOST_PROVIDERS: usize = 2_048;

/// What a provider published.
#[derive(Debug)]
pub struct Documents {
    /// Its metadata.
    pub metadata: ProviderMetadata,
    /// Its keys.
    pub keys: JwkSet,
}

/// Why nothing is known of a provider.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// It could not be asked.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// What it says of itself cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Its keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeySetError),
    /// It has no such document.
    #[error("the provider answered {status} where its {what} should be")]
    Status {
        /// The status.
        status: u16,
        /// Which document.
        what: &'static str,
    },
}

impl Fault for DiscoverError {
    fn code(&self) -> &'static str {
        match self {
            DiscoverError::Outbound(error) => error.code(),
            DiscoverError::Provider(error) => error.code(),
            DiscoverError::Keys(error) => error.code(),
            DiscoverError::Status { .. } => "provider.metadata",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            DiscoverError::Outbound(error) => error.detail(),
            DiscoverError::Provider(error) => error.detail(),
            DiscoverError::Keys(error) => error.detail(),
            DiscoverError::Status { .. } => Some(self.to_string()),
        }
    }
}

impl DiscoverError {
    /// Everything that is known, for the log.
    pub(crate) fn for_log(&self) -> String {
        match self {
            DiscoverError::Outbound(error) => error.for_log().to_string(),
            other => other.to_string(),
        }
    }
}

/// Whom to ask, on whose behalf, and how patiently.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) tenant: TenantId,
    pub(crate) transport: Transport,
    pub(crate) patience: Duration,
}

impl Question<'_> {
    /// Asks, and remembers nothing.
    pub(crate) async fn ask(&self, outbound: &Outbound) -> Result<Documents, DiscoverError> {
        let text = self.fetch(outbound, self.issuer.metadata_address(), "metadata").await?;
        let metadata = ProviderMetadata::parse(&text, self.issuer, self.transport)?;
        let keys = self.fetch(outbound, metadata.jwks_uri.clone(), "key set").await?;
        Ok(Documents { keys: JwkSet::parse(&keys)?, metadata })
    }

    async fn fetch(
        &self,
        outbound: &Outbound,
        url: Url,
        what: &'static str,
    ) -> Result<Vec<u8>, DiscoverError> {
        let call = Call::get_json(url).for_tenant(self.tenant).within(self.patience).at_most(MOST_BYTES);
        let answer = outbound.send(call).await?;
        match answer.status.as_u16() {
            200 => Ok(answer.body.to_vec()),
            status => Err(DiscoverError::Status { status, what }),
        }
    }
}

/// What `issuer` publishes now, asked once and not remembered: for whoever looks after an installation.
///
/// # Errors
/// [`DiscoverError`].
pub async fn published(
    outbound: &Outbound,
    issuer: &Issuer,
    tenant: TenantId,
    transport: Transport,
    patience: Duration,
) -> Result<Documents, DiscoverError> {
    Question { issuer, tenant, transport, patience }.ask(outbound).await
}

/// How long what was heard is true, and how soon to ask again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) life: Duration,
    pub(crate) retry: Duration,
}

/// What is known of all providers.
pub(crate) struct Providers(Cache<ProviderId, Arc<Slot>>);

impl Default for Providers {
    fn default() -> Self {
        Providers(Cache::new(MOST_PROVIDERS))
    }
}

/// What is known of one.
#[derive(Default)]
struct Slot {
    known: RwLock<Known>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Known {
    documents: Option<Arc<Documents>>,
    /// When to ask again.
    stale: Moment,
    /// Until when an unknown key is no reason to ask again.
    settled: Moment,
    /// How often it was asked in vain, and what came of it last.
    failures: u64,
    failure: Option<Arc<DiscoverError>>,
}

impl Default for Known {
    fn default() -> Self {
        Known { documents: None, stale: Moment::NEVER, settled: Moment::NEVER, failures: 0, failure: None }
    }
}

impl Known {
    fn fresh(&self, issuer: &Issuer, now: Moment) -> Option<Arc<Documents>> {
        self.of(issuer).filter(|_| now < self.stale)
    }

    fn of(&self, issuer: &Issuer) -> Option<Arc<Documents>> {
        self.documents.clone().filter(|documents| documents.metadata.issuer == *issuer)
    }
}

impl Providers {
    /// What `provider` publishes, from memory where that is fresh. A provider that is away is believed to
    /// be as it was.
    pub(crate) async fn documents(
        &self,
        provider: ProviderId,
        question: &Question<'_>,
        outbound: &Outbound,
        now: Moment,
        memory: Memory,
    ) -> Result<Arc<Documents>, Arc<DiscoverError>> {
        let slot = self.slot(provider);
        let before = slot.known.read().clone();
        if let Some(fresh) = before.fresh(question.issuer, now) {
            return Ok(fresh);
        }
        let _turn = slot.turn.lock().await;
        let known = slot.known.read().clone();
        if let Some(fresh) = known.fresh(question.issuer, now) {
            return Ok(fresh);
        }
        if let Some(failure) = known.failure.filter(|_| known.failures > before.failures) {
            return Err(failure);
        }
        match question.ask(outbound).await {
            Ok(documents) => Ok(slot.learn(documents, now, memory)),
            Err(error) => {
                let stale = slot.known.read().of(question.issuer);
                tracing::warn!(%provider, tenant = %question.tenant, known = stale.is_some(), "provider {provider} cannot be asked: {}", error.for_log());
                slot.fail(error, now, memory, stale)
            }
        }
    }

    /// What `provider` publishes now, after a token named a key that `seen` does not hold; none if it was
    /// asked just now, or is away.
    pub(crate) async fn renewed(
        &self,
        provider: ProviderId,
        question: &Question<'_>,
        outbound: &Outbound,
        now: Moment,
        memory: Memory,
        seen: &Arc<Documents>,
    ) -> Option<Arc<Documents>> {
        let slot = self.slot(provider);
        let _turn = slot.turn.lock().await;
        let known = slot.known.read().clone();
        if let Some(newer) = known.of(question.issuer).filter(|known| !Arc::ptr_eq(known, seen)) {
            return Some(newer);
        }
        if now < known.settled {
            return None;
        }
        slot.known.write().settled = now + memory.retry;
        match question.ask(outbound).await {
            Ok(documents) => Some(slot.learn(documents, now, memory)),
            Err(error) => {
                tracing::warn!(%provider, tenant = %question.tenant, "provider {provider} cannot be asked for new keys: {}", error.for_log());
                None
            }
        }
    }

    /// What is remembered of `provider`, however old; nobody is asked.
    pub(crate) fn remembered(&self, provider: ProviderId) -> Option<Arc<Documents>> {
        self.0.get(&provider)?.known.read().documents.clone()
    }

    fn slot(&self, provider: ProviderId) -> Arc<Slot> {
        let made = self.0.get_or_insert_with(&provider, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(slot) = made;
        slot
    }
}

impl Slot {
    fn learn(&self, documents: Documents, now: Moment, memory: Memory) -> Arc<Documents> {
        let documents = Arc::new(documents);
        let mut known = self.known.write();
        known.documents = Some(documents.clone());
        known.stale = now + memory.life;
        known.failure = None;
        documents
    }

    fn fail(
        &self,
        error: DiscoverError,
        now: Moment,
        memory: Memory,
        stale: Option<Arc<Documents>>,
    ) -> Result<Arc<Documents>, Arc<DiscoverError>> {
        let error = Arc::new(error);
        let mut known = self.known.write();
        known.failures += 1;
        known.failure = Some(error.clone());
        match stale {
            Some(documents) => {
                known.stale = now + memory.retry;
                Ok(documents)
            }
            None => Err(error),
        }
    }
}
