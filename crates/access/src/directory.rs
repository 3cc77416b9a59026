//! The few questions that may be asked before a scope exists. `store` answers them, in one file, under a
//! database role of its own; everything unscoped in the product is that file and the operator's registry.

use crate::{AssumeTenant, OperatorPermit};
use domain::{
    DeploymentId, Digest, DisplayName, Hostname, JobId, Limits, MemberId, Moment, ProviderId, RightSet,
    RoleName, Slug, Standing, TenantId, TokenId, UserId,
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

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
    /// One tenant.
    fn tenant(&self, id: TenantId) -> Answer<'_, Option<TenantRecord>>;
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
