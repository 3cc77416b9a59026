//! Scopes, callers and permits. Every field is private and every constructor is of this crate, so that
//! holding one is proof that the warden gave it out.

use crate::{
    policy::{Action, OperatorAction, PersonAction, TenantAction},
    shortcut::Shortcut,
    tenants::Tenant,
};
use domain::{
    AnchorId, ApiKeyId, ApplicationId, Digest, GrantId, IssuerId, Machine, MemberId, Moment, Network,
    ProviderId, RequestId, RightSet, RoleName, ScopeName, SubscriberId, TenantId, UserId,
};
use std::{
    fmt,
    marker::PhantomData,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// One tenant's data, and nothing else. Cannot be built, copied, parsed or deserialised outside this crate.
#[derive(Debug)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    pub(crate) fn new(tenant: TenantId) -> Self {
        TenantScope { tenant }
    }

    /// The tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// Who does something, as the audit trail names them: always by immutable id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody known; signing in, for example.
    Anonymous,
    /// A person.
    User(UserId),
    /// A subscriber, by one of its API keys.
    Subscriber(SubscriberId, ApiKeyId),
    /// Whomever a registered issuer's token speaks of: the issuer, and the keyed hash of its name for them.
    Workload(IssuerId, Digest),
    /// An application in its own name.
    Application(ApplicationId),
    /// A device or program with a client certificate: the anchor that vouches for it, and the keyed hash of its name.
    Device(AnchorId, Digest),
    /// A script with an operator token.
    Token(domain::TokenId),
    /// Somebody at the machine's own socket.
    CommandLine,
    /// The platform itself.
    System,
    /// An operator inside a tenant, for a reason that the tenant can read.
    Assumed {
        /// The operator; none for the machine's own socket.
        operator: Option<UserId>,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Anonymous => f.write_str("anonymous"),
            Actor::User(user) => user.fmt(f),
            Actor::Subscriber(subscriber, key) => write!(f, "{subscriber} by {key}"),
            Actor::Workload(issuer, subject) => write!(f, "{subject} of {issuer}"),
            Actor::Application(application) => application.fmt(f),
            Actor::Device(anchor, subject) => write!(f, "{subject} under {anchor}"),
            Actor::Token(token) => token.fmt(f),
            Actor::CommandLine => f.write_str("command line"),
            Actor::System => f.write_str("system"),
            Actor::Assumed { operator: Some(operator), .. } => write!(f, "operator {operator}"),
            Actor::Assumed { operator: None, .. } => f.write_str("operator at the command line"),
        }
    }
}

/// A known person at a tenant: what the warden found out about the one behind a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person, across tenants.
    pub user: UserId,
    /// The person in this tenant.
    pub member: MemberId,
    /// The roles held in this tenant.
    pub roles: Arc<[RoleName]>,
    /// The provider by which the person was proven.
    pub provider: ProviderId,
    /// When the session ends.
    pub ends: Moment,
    /// The hash of the session's id.
    pub session: domain::Digest,
    /// The name that this tenant's provider gave, if it gave one.
    pub name: Option<Arc<str>>,
    /// The e-mail address that this tenant's provider gave, if it gave one.
    pub email: Option<Arc<str>>,
    /// Whether it is at a domain that the tenant has proved.
    pub email_verified: bool,
    /// What else the tenant's claim rules keep, as a JSON object; none for nothing.
    pub attributes: Option<Arc<str>>,
    /// To what a backend was told about them last.
    pub lately: Shortcut,
}

/// The one behind an API key: a subscriber of one tenant, with what this key of theirs is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKeyId,
    /// The hash of its text.
    pub digest: Digest,
    /// The hash of what a backend is told about the caller: the same as [`KeyHolder::digest`] for whoever presents
    /// the key itself, another for whoever presents a token that it was exchanged for.
    pub told: Digest,
    /// The tenant.
    pub tenant: TenantId,
    /// The subscriber in this tenant.
    pub subscriber: SubscriberId,
    /// What the key is good for.
    pub scopes: Box<[ScopeName]>,
    /// Where it may be used from; anywhere if there are none.
    pub networks: Box<[Network]>,
    /// To what a backend was told about them last.
    pub lately: Shortcut,
}

impl KeyHolder {
    /// Whether a token was presented that the key was exchanged for, rather than the key.
    pub fn by_token(&self) -> bool {
        self.told != self.digest
    }

    /// Whether the key is good for this.
    pub fn has(&self, scope: &ScopeName) -> bool {
        self.scopes.contains(scope)
    }

    /// Whether the key may be used from this address.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address))
    }
}

/// The one behind a bearer token, as a registered issuer named them and its rules were applied to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The issuer.
    pub issuer: IssuerId,
    /// Its name for the caller.
    pub subject: Box<str>,
    /// The keyed hash of issuer and subject: who it is for trails and counts.
    pub who: Digest,
    /// The hash of everything that a backend is told about the caller: two tokens that say the same are one.
    pub told: Digest,
    /// Whether the issuer speaks of a person.
    pub person: bool,
    /// The tenants that the token is good at, of which the request chooses one.
    pub tenants: Box<[TenantId]>,
    /// Under what the issuer's table of users holds the caller, where the tenants come from there.
    pub listed: Option<Digest>,
    /// What the token is good for, sorted.
    pub scopes: Box<[ScopeName]>,
    /// When it ends, the clocks' difference included.
    pub ends: Moment,
    /// To what a backend was told about them last.
    pub lately: Shortcut,
}

impl TokenHolder {
    /// Whether the token is good for this.
    pub fn has(&self, scope: &ScopeName) -> bool {
        self.scopes.contains(scope)
    }
}

/// A token that an API key was exchanged for, after it was verified. Whether the key behind it still stands is asked
/// on every request.
#[derive(Debug)]
pub struct ExchangedToken {
    /// The hash of the key's text.
    pub key: Digest,
    /// The tenant.
    pub tenant: TenantId,
    /// What the token is good for, sorted: no more than the key.
    pub scopes: Box<[ScopeName]>,
    /// When it ends.
    pub ends: Moment,
    holder: OnceLock<Arc<KeyHolder>>,
}

impl ExchangedToken {
    /// A token that says this of itself.
    pub fn new(key: Digest, tenant: TenantId, scopes: Vec<ScopeName>, ends: Moment) -> Self {
        ExchangedToken { key, tenant, scopes: scopes.into(), ends, holder: OnceLock::new() }
    }

    /// The key's holder, with no more than both the key and the token are good for. Nothing about a key changes but
    /// its end, so that this is found out once.
    pub(crate) fn narrow(&self, key: &KeyHolder) -> Arc<KeyHolder> {
        let narrowed = || {
            let scopes: Box<[ScopeName]> =
                self.scopes.iter().filter(|scope| key.has(scope)).cloned().collect();
            let mut told: Vec<&[u8]> = vec![b"partywall exchanged token\n", self.key.bytes()];
            for scope in &scopes {
                told.extend([scope.as_ref().as_bytes(), b"\n"]);
            }
            Arc::new(KeyHolder { told: Digest::of_parts(&told), scopes, ..key.clone() })
        };
        self.holder.get_or_init(narrowed).clone()
    }
}

/// An application's token of ours, after it was verified. Whether the grant behind it still stands is asked on every
/// request.
#[derive(Debug, PartialEq, Eq)]
pub struct GrantedToken {
    /// The grant.
    pub grant: GrantId,
    /// The tenant.
    pub tenant: TenantId,
    /// The application that it was given to.
    pub application: ApplicationId,
    /// Whom it is for.
    pub audience: Box<str>,
    /// What it is good for, sorted.
    pub scopes: Box<[ScopeName]>,
    /// The thumbprint of the key that it is bound to (RFC 9449).
    pub jkt: Option<Box<str>>,
    /// The hash of the certificate that it is bound to (RFC 8705).
    pub x5t: Option<Box<str>>,
    /// When it ends.
    pub ends: Moment,
}

/// An application, in somebody's name or in its own, as its token said and its grant still allows.
#[derive(Debug, PartialEq, Eq)]
pub struct GrantHolder {
    /// What the token says.
    pub token: Arc<GrantedToken>,
    /// In whose name; none in the application's own.
    pub person: Option<Arc<Person>>,
    /// The hash of everything that a backend is told about the caller.
    pub told: Digest,
    /// To what a backend was told about them last.
    pub lately: Shortcut,
}

impl GrantHolder {
    /// Whether the token is good for this.
    pub fn has(&self, scope: &ScopeName) -> bool {
        self.token.scopes.contains(scope)
    }
}

/// The one behind a client certificate, after an anchor's authority vouched for it and a rule of that anchor's fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateHolder {
    /// The anchor.
    pub anchor: AnchorId,
    /// The tenant that the rule speaks for.
    pub tenant: TenantId,
    /// What the certificate calls the caller.
    pub subject: Box<str>,
    /// The keyed hash of anchor and name: who it is for trails and counts.
    pub who: Digest,
    /// The hash of everything that a backend is told about the caller.
    pub told: Digest,
    /// What it is.
    pub machine: Machine,
    /// SHA-256 of the certificate.
    pub fingerprint: Digest,
    /// What it is good for, sorted.
    pub scopes: Box<[ScopeName]>,
    /// When it is not believed any more without being looked at again.
    pub ends: Moment,
    /// To what a backend was told about them last.
    pub lately: Shortcut,
}

impl CertificateHolder {
    /// Whether the certificate is good for this.
    pub fn has(&self, scope: &ScopeName) -> bool {
        self.scopes.contains(scope)
    }
}

/// Who is calling, at which tenant. A caller alone reaches nothing.
#[derive(Debug)]
pub struct Caller {
    scope: TenantScope,
    pub(crate) tenant: Option<Arc<Tenant>>,
    pub(crate) person: Option<Arc<Person>>,
    pub(crate) key: Option<Arc<KeyHolder>>,
    pub(crate) token: Option<Arc<TokenHolder>>,
    pub(crate) certificate: Option<Arc<CertificateHolder>>,
    pub(crate) application: Option<Arc<GrantHolder>>,
    pub(crate) actor: Actor,
    pub(crate) rights: RightSet,
    pub(crate) request: RequestId,
}

impl Caller {
    pub(crate) fn new(tenant: TenantId, actor: Actor, rights: RightSet, request: RequestId) -> Self {
        Caller {
            scope: TenantScope::new(tenant),
            tenant: None,
            person: None,
            key: None,
            token: None,
            certificate: None,
            application: None,
            actor,
            rights,
            request,
        }
    }

    /// The person behind the credential, if there is one.
    pub fn person(&self) -> Option<&Arc<Person>> {
        self.person.as_ref()
    }

    /// The holder of the API key that was presented, if it was one.
    pub fn key(&self) -> Option<&Arc<KeyHolder>> {
        self.key.as_ref()
    }

    /// The holder of the bearer token that was presented, if it was one.
    pub fn token(&self) -> Option<&Arc<TokenHolder>> {
        self.token.as_ref()
    }

    /// The holder of the client certificate that was presented, if it was one.
    pub fn certificate(&self) -> Option<&Arc<CertificateHolder>> {
        self.certificate.as_ref()
    }

    /// The application that calls, in the name of [`Caller::person`] or in its own, if it is one.
    pub fn application(&self) -> Option<&Arc<GrantHolder>> {
        self.application.as_ref()
    }

    /// Whether it is somebody, rather than anybody.
    pub fn is_known(&self) -> bool {
        let machine = self.key.is_some() || self.token.is_some() || self.certificate.is_some();
        self.person.is_some() || machine || self.application.is_some()
    }

    /// Who it is, for the audit trail.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The rights held in this tenant.
    pub fn rights(&self) -> RightSet {
        self.rights
    }

    /// The directory's entry of the tenant; none in background work.
    pub fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.tenant.as_ref()
    }

    /// The request that this caller came with.
    pub fn request(&self) -> RequestId {
        self.request
    }
}

/// Proof that this caller may do `A` in this tenant, for the length of one request or job.
pub struct Permit<A: TenantAction> {
    caller: Caller,
    action: PhantomData<fn() -> A>,
}

impl<A: TenantAction> Permit<A> {
    pub(crate) fn new(caller: Caller) -> Self {
        Permit { caller, action: PhantomData }
    }

    /// The tenant's data, for the store.
    pub fn scope(&self) -> &TenantScope {
        &self.caller.scope
    }

    /// The tenant.
    pub fn tenant_id(&self) -> TenantId {
        self.caller.scope.tenant()
    }

    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        A::NAME
    }
}

/// Proof that this person may do `A` with what is their own. Not a way into any tenant.
pub struct PersonPermit<A: PersonAction> {
    user: UserId,
    request: RequestId,
    session: Option<Arc<crate::PersonGrant>>,
    action: PhantomData<fn() -> A>,
}

impl<A: PersonAction> PersonPermit<A> {
    pub(crate) fn new(user: UserId, request: RequestId, session: Option<Arc<crate::PersonGrant>>) -> Self {
        PersonPermit { user, request, session, action: PhantomData }
    }

    /// Whose rows this opens.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The request that this permit belongs to.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// The session by which the person came, if they came by one.
    pub fn session(&self) -> Option<&Arc<crate::PersonGrant>> {
        self.session.as_ref()
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        A::NAME
    }
}

/// Proof that an operator may do `A` with the platform's own rows. Not a way into any tenant.
pub struct OperatorPermit<A: OperatorAction> {
    actor: Actor,
    request: RequestId,
    action: PhantomData<fn() -> A>,
}

impl<A: OperatorAction> OperatorPermit<A> {
    pub(crate) fn new(actor: Actor, request: RequestId) -> Self {
        OperatorPermit { actor, request, action: PhantomData }
    }

    /// Who it is, for the audit trail.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The request that this permit belongs to.
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        A::NAME
    }
}

impl<A: TenantAction> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit<{}>({})", <A as Action>::NAME, self.tenant_id())
    }
}
impl<A: PersonAction> fmt::Debug for PersonPermit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonPermit<{}>({})", <A as Action>::NAME, self.user)
    }
}
impl<A: OperatorAction> fmt::Debug for OperatorPermit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorPermit<{}>({})", <A as Action>::NAME, self.actor)
    }
}
