//! Why the answer was no, and what has to be fetched before there can be an answer.

use domain::{ApiKeyId, Digest, Fault, GrantId, Standing, TenantId, UserId};

/// Why a request does not go further. What a client gets to read is decided in `web` and `gateway`;
/// there, everything that could betray another tenant becomes one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in the request names a tenant.
    #[error("nothing in the request names a tenant")]
    NoTenantNamed,
    /// What the request names is no tenant, or one that the caller must not learn of.
    #[error("there is no such tenant for this caller")]
    NoSuchTenant,
    /// The request names two different tenants.
    #[error("the request names two different tenants")]
    Disagreement,
    /// The tenant is closed.
    #[error("the tenant is {0}")]
    Closed(Standing),
    /// No credential, where one is needed, at a tenant that has published its sign-in page.
    #[error("sign-in is needed")]
    SignInNeeded,
    /// The credential is unknown, altered or ended.
    #[error("the credential is not valid")]
    BadCredential,
    /// The credential is another tenant's.
    #[error("the credential belongs to another tenant")]
    ForeignCredential,
    /// The API key is none of ours, or was taken back.
    #[error("the API key is refused")]
    KeyRefused,
    /// The API key's time is over.
    #[error("the API key has expired")]
    KeyExpired,
    /// The bearer token's time is over.
    #[error("the bearer token has expired")]
    TokenExpired,
    /// The API key or the grant behind the token was taken back, or its time is over.
    #[error("what is behind the token has ended")]
    TokenEnded,
    /// The client certificate must be looked at again.
    #[error("the client certificate has expired")]
    CertificateExpired,
    /// The caller is known and may not do this.
    #[error("the caller may not do this")]
    NotAllowed,
    /// An operator who assumes a tenant must say why.
    #[error("assuming a tenant needs a reason of 10 to 500 characters")]
    ReasonNeeded,
    /// The change feed has been silent for too long, and what is cached can not be trusted.
    #[error("this node has lost touch with the database")]
    OutOfTouch,
}

impl Fault for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::NoTenantNamed
            | Refusal::NoSuchTenant
            | Refusal::Disagreement
            | Refusal::ForeignCredential => "tenant.unknown",
            Refusal::Closed(Standing::Maintenance | Standing::Moving) => "tenant.maintenance",
            Refusal::Closed(Standing::ReadOnly) => "tenant.read-only",
            Refusal::Closed(_) => "tenant.closed",
            Refusal::SignInNeeded => "session.needed",
            Refusal::BadCredential => "credential.invalid",
            Refusal::KeyRefused => "key.refused",
            Refusal::KeyExpired => "key.expired",
            Refusal::TokenExpired => "bearer.expired",
            Refusal::TokenEnded => "bearer.ended",
            Refusal::CertificateExpired => "certificate.expired",
            Refusal::NotAllowed => "action.forbidden",
            Refusal::ReasonNeeded => "assume.reason-needed",
            Refusal::OutOfTouch => "node.out-of-touch",
        }
    }
}

/// Something that memory does not hold and the directory must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The tenant itself: the feed has been silent for too long to trust what is in memory.
    Tenant(TenantId),
    /// A session at a tenant's host, by the hash of its id.
    Session(TenantId, Digest),
    /// A person's session at `id.` or in the console.
    Person(UserId, Digest),
    /// What a person is at a tenant, with the provider they proved themselves by.
    Member(TenantId, UserId, domain::ProviderId),
    /// An operator token, by its hash.
    Token(Digest),
    /// An API key, by its hash.
    Key(Digest),
    /// What an application was given at a tenant.
    Grant(TenantId, GrantId),
}

/// Why the synchronous path stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The answer is no.
    Refused(Refusal),
    /// Fetch this and ask again.
    Load(Wanted),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

/// A refused attempt to reach another tenant (ledger I04): who tried, from where, and at whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossTenant {
    /// The tenant that the caller belongs to or named first, as far as it is known.
    pub from: Option<TenantId>,
    /// The tenant that was attacked.
    pub at: TenantId,
    /// Who tried, as far as it is known.
    pub user: Option<UserId>,
    /// In which way, for example `cookie of another tenant`.
    pub how: &'static str,
    /// The request's id in text.
    pub request: String,
}

/// Told of what the warden sees in passing. Must not block and must not fail; a bounded queue to a writer
/// is right.
pub trait Witness: Send + Sync {
    /// A cross-tenant attempt was refused.
    fn refused(&self, attempt: CrossTenant);
    /// A session at a tenant's host was used a good while after it was last noted; its idle end moves on.
    fn active(&self, tenant: TenantId, session: Digest);
    /// The same for a person's session.
    fn active_person(&self, user: UserId, session: Digest);
    /// An API key was used a good while after its use was last noted.
    fn key_used(&self, tenant: TenantId, key: ApiKeyId);
}
