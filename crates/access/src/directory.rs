//! The few questions that may be asked before a scope exists. `store` answers them, in one file, under a
//! database role of its own; everything unscoped in the product is that file and the operator's registry.

use crate::{AssumeTenant, Brand, OperatorPermit};
use domain::{
    ApiKeyId, ApplicationId, DeploymentId, Digest, DisplayName, GrantId, Hostname, JobId, Limits, MemberId,
    Moment, Network, ProductName, ProviderId, RightSet, RoleName, ScopeName, Slug, Standing, SubscriberId,
    TenantId, TokenId, UserId,
};
use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

/// An answer on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DirectoryError>> + Send + 'a>>;

/// The directory could not be asked. What was wrong is in the log, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the directory cannot be reached")]
pub struct DirectoryError;

/// A tenant as the directory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its immutable id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// How it stands.
    pub standing: Standing,
    /// Where it is hosted.
    pub deployment: DeploymentId,
    /// The generation of its placement.
    pub generation: i64,
    /// Whether strangers may see its sign-in page.
    pub published: bool,
    /// What its plan allows.
    pub limits: Arc<Limits>,
    /// Its own hostnames.
    pub hostnames: Vec<Hostname>,
    /// From where its people and programs may ask, by its own setting; from anywhere if there are none.
    pub networks: Arc<[Network]>,
    /// Whether its API keys are good for nothing but being exchanged for tokens, by its own setting.
    pub exchanges_keys: bool,
    /// When its application is being worked on.
    pub maintenance: Maintenance,
    /// Which API products it has.
    pub subscriptions: Subscriptions,
    /// How its pages look, as far as it has said.
    pub brand: Option<Arc<Brand>>,
}

/// Which API products a tenant has: for everybody in it, or for one of its subscribers. Most tenants have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscriptions(Box<[(ProductName, Option<SubscriberId>)]>);

impl Subscriptions {
    /// These.
    pub fn of(all: Vec<(ProductName, Option<SubscriberId>)>) -> Self {
        Subscriptions(all.into())
    }

    /// Whether they open a product for a subscriber, or for somebody who is none.
    pub fn open(&self, product: &ProductName, subscriber: Option<SubscriberId>) -> bool {
        let mut of_product = self.0.iter().filter(|(name, _)| name == product);
        of_product.any(|(_, whose)| whose.is_none() || *whose == subscriber)
    }
}

/// When a tenant's application is being worked on; never where both are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintenance {
    /// When that begins.
    pub from: Moment,
    /// When it ends at the latest.
    pub until: Moment,
}

impl Default for Maintenance {
    fn default() -> Self {
        Maintenance { from: Moment::NEVER, until: Moment::NEVER }
    }
}

impl Maintenance {
    /// How much longer it takes, if it is under way.
    pub fn left(&self, now: Moment) -> Option<Duration> {
        (self.from <= now && now < self.until).then(|| self.until.since(now))
    }
}

impl TenantRecord {
    /// Whether the tenant lets requests come from this address.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address))
    }
}

/// A session at a tenant's host, with what its person is there now. Answered only if the session has
/// not ended, the member is active and the tenant still has an active connection to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionGrant {
    /// What the person is at this tenant.
    pub member: MemberGrant,
    /// When the session ends at the latest.
    pub ends: Moment,
    /// When it ends if nothing is heard of it.
    pub idle_ends: Moment,
    /// How long it lives without being used.
    pub idle: Duration,
}

/// A person's session at `id.` or in the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonGrant {
    /// The person.
    pub user: UserId,
    /// The provider by which they were proven. This session opens tenants that have an active
    /// connection to it, and no other.
    pub provider: ProviderId,
    /// When the session ends at the latest.
    pub ends: Moment,
    /// When it ends if nothing is heard of it.
    pub idle_ends: Moment,
    /// How long it lives without being used.
    pub idle: Duration,
    /// The hash of its id.
    pub digest: Digest,
    /// When the person proved themselves.
    pub since: Moment,
    /// How, in their provider's words.
    pub proof: Arc<Proof>,
}

/// How somebody proved who they are, in their provider's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// When, if the provider said so.
    pub at: Option<Moment>,
    /// How well.
    pub acr: Option<String>,
    /// By what.
    pub amr: Vec<String>,
}

/// What a person is at a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberGrant {
    /// The person.
    pub user: UserId,
    /// The person in this tenant.
    pub member: MemberId,
    /// The provider by which they are proven.
    pub provider: ProviderId,
    /// The roles held.
    pub roles: Arc<[RoleName]>,
    /// The rights that follow from the platform's own roles.
    pub rights: RightSet,
    /// The name that the tenant's provider gave.
    pub name: Option<Arc<str>>,
    /// The e-mail address that the tenant's provider gave.
    pub email: Option<Arc<str>>,
    /// Whether it is at a domain that the tenant has proved.
    pub email_verified: bool,
    /// What else the tenant's claim rules keep, as a JSON object; none for nothing.
    pub attributes: Option<Arc<str>>,
}

/// What an application was given at a tenant and may use still: answered only while the grant and the application stand
/// and, where it is in somebody's name, they are an active member whose provider is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingGrant {
    /// The application.
    pub application: ApplicationId,
    /// In whose name; none in the application's own.
    pub member: Option<MemberGrant>,
    /// When it ends.
    pub ends: Moment,
}

/// An API key, found by its hash; one that has ended too, so that its holder can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// The key.
    pub key: ApiKeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Whose within the tenant.
    pub subscriber: SubscriberId,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// Where it may be used from; anywhere if there are none.
    pub networks: Vec<Network>,
    /// When and how it ends.
    pub end: KeyEnd,
    /// When its use was last noted.
    pub used: Moment,
}

/// When and how an API key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEnd {
    /// When.
    pub at: Moment,
    /// Whether somebody took it back, rather than that its time was over.
    pub revoked: bool,
}

/// A signed key that ends before the time that it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutShort {
    /// The key.
    pub key: ApiKeyId,
    /// How it really ends.
    pub end: KeyEnd,
    /// The end that it says; after that nobody need remember.
    pub said: Moment,
}

/// An operator token that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorGrant {
    /// The token.
    pub token: TokenId,
    /// What it may do.
    pub rights: RightSet,
    /// When it ends.
    pub ends: Moment,
}

/// A job that this node has leased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// The job.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: String,
    /// What it was given.
    pub body: String,
    /// The fencing number of this lease: a later lease has a greater one.
    pub fence: i64,
    /// How often it has been tried, this time included.
    pub tries: i64,
}

/// The questions.
pub trait Directory: Send + Sync {
    /// A session by tenant and hash.
    fn session(&self, tenant: TenantId, digest: Digest) -> Answer<'_, Option<SessionGrant>>;
    /// A person's session by user and hash.
    fn person(&self, user: UserId, digest: Digest) -> Answer<'_, Option<PersonGrant>>;
    /// What a person is at a tenant; none unless active there and proven by a provider that the tenant connects to.
    fn member(&self, tenant: TenantId, user: UserId, provider: ProviderId)
    -> Answer<'_, Option<MemberGrant>>;
    /// An operator token by its hash.
    fn token(&self, digest: Digest) -> Answer<'_, Option<OperatorGrant>>;
    /// An API key by the hash of its text.
    fn key(&self, digest: Digest) -> Answer<'_, Option<KeyGrant>>;
    /// The signed keys, of one tenant or of all, that end before the time that they say themselves.
    fn cut_short(&self, tenant: Option<TenantId>) -> Answer<'_, Vec<CutShort>>;
    /// What an application was given at a tenant.
    fn grant(&self, _tenant: TenantId, _grant: GrantId) -> Answer<'_, Option<StandingGrant>> {
        Box::pin(async { Ok(None) })
    }
    /// These tenants, as far as they are there, in whatever order.
    fn these(&self, ids: Vec<TenantId>) -> Answer<'_, Vec<TenantRecord>>;
    /// Tenants in order of id after `after`, at most `limit`: how a node fills its memory.
    fn tenants(&self, after: Option<TenantId>, limit: u32) -> Answer<'_, Vec<TenantRecord>>;
    /// Leases the next job of a class, fairly among tenants.
    fn claim(&self, class: &'static str) -> Answer<'_, Option<ClaimedJob>>;

    /// Writes into the house's trail and into the tenant's that an operator goes in there, and why. A
    /// directory that cannot write lets nobody in.
    fn note_assumption<'a>(
        &'a self,
        _by: &'a OperatorPermit<AssumeTenant>,
        _tenant: TenantId,
        _reason: &'a str,
    ) -> Answer<'a, ()> {
        Box::pin(async { Err(DirectoryError) })
    }
}
