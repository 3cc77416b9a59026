//! The warden: resolve, authenticate, authorise; the only mint.
//!
//! The synchronous half works over memory alone. [`Warden::permit`] and its sisters add the loop that
//! loads what memory lacks.

use crate::{
    cache::{Known, KnownMember, KnownSession},
    credential::{Cookie, Credential},
    directory::{ClaimedJob, Directory, DirectoryError, MemberGrant, PersonGrant},
    permit::{Actor, Caller, OperatorPermit, Permit, Person, PersonPermit},
    policy::{
        AssumeTenant, EndPersonSession, EndSession, Needs, OperatorAction, PersonAction, RunJob,
        TenantAction, WhileClosed,
    },
    refusal::{CrossTenant, Refusal, Stop, Wanted, Witness},
    tenants::{Tenant, Tenants},
};
use domain::{
    Clock, Digest, Heard, Moment, PlatformRole, ProviderId, RequestId, Right, RightSet, TenantId, UserId,
    event::names,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

/// One thing in a request that names a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier<'r> {
    /// Where in the request it stood.
    pub source: Source,
    /// What it says: a hostname for [`Source::Domain`], else a slug or a tenant id.
    pub value: &'r str,
}

/// Where in a request an identifier stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host, as a tenant's own domain.
    Domain,
    /// The host, as the first label before a base domain.
    Subdomain,
    /// The path.
    Path,
    /// The query.
    Query,
    /// A request header.
    Header,
}

/// Where a request comes from, for the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The request's id.
    pub request: RequestId,
}

/// The one tenant that a request names.
#[derive(Clone, Debug)]
pub struct Resolved {
    tenant: Arc<Tenant>,
}

impl Resolved {
    /// The directory's entry.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }
}

/// The warden's bounds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many sessions are remembered.
    pub sessions: usize,
    /// How long the feed may be silent before nothing cached is believed.
    pub silence: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            sessions: 100_000,
            silence: Duration::from_secs(60),
        }
    }
}

/// Who is calling, at which tenant, and may they.
pub struct Warden {
    tenants: Tenants,
    known: Known,
    directory: Arc<dyn Directory>,
    witness: Arc<dyn Witness>,
    clock: Clock,
    heard: AtomicI64,
    silence: Duration,
}

/// Whether a known person who is no member of the tenant counts as nobody, as where signing in begins, or
/// is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strangers {
    Welcome,
    Refused,
}

/// A request is asked about again at most this often: once for the tenant, the session and the member
/// each, and once more where a change came in between.
const MOST_LOADS: usize = 6;

impl Warden {
    /// A warden that knows no tenant yet; see [`Warden::fill`].
    pub fn new(
        directory: Arc<dyn Directory>,
        witness: Arc<dyn Witness>,
        clock: Clock,
        bounds: Bounds,
    ) -> Self {
        let heard = AtomicI64::new(clock.now().micros());
        let known = Known::new(bounds.sessions);
        Warden {
            tenants: Tenants::default(),
            known,
            directory,
            witness,
            clock,
            heard,
            silence: bounds.silence,
        }
    }

    /// The tenants in memory.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    // --- resolve

    /// The one tenant that all identifiers name.
    ///
    /// # Errors
    /// [`Refusal::NoTenantNamed`], [`Refusal::NoSuchTenant`], or [`Refusal::Disagreement`], which is recorded.
    pub fn resolve(&self, identifiers: &[Identifier<'_>], origin: Origin) -> Result<Resolved, Refusal> {
        let mut found: Option<Arc<Tenant>> = None;
        for identifier in identifiers {
            let tenant = self.lookup(identifier).ok_or(Refusal::NoSuchTenant)?;
            match &found {
                Some(first) if first.record.id != tenant.record.id => {
                    self.report(
                        Some(first.record.id),
                        tenant.record.id,
                        None,
                        "identifiers that disagree",
                        origin,
                    );
                    return Err(Refusal::Disagreement);
                }
                Some(_) => {}
                None => found = Some(tenant),
            }
        }
        found
            .map(|tenant| Resolved { tenant })
            .ok_or(Refusal::NoTenantNamed)
    }

    /// The tenant of that id, for addresses that hold one.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTenant`].
    pub fn resolve_id(&self, id: TenantId) -> Result<Resolved, Refusal> {
        self.tenants
            .by_id(id)
            .map(|tenant| Resolved { tenant })
            .ok_or(Refusal::NoSuchTenant)
    }

    fn lookup(&self, identifier: &Identifier<'_>) -> Option<Arc<Tenant>> {
        match identifier.source {
            Source::Domain => self.tenants.by_host(identifier.value),
            Source::Subdomain => self.tenants.by_slug(identifier.value),
            Source::Path | Source::Query | Source::Header => match identifier.value.parse() {
                Ok(id) => self.tenants.by_id(id),
                Err(_) => self.tenants.by_slug(identifier.value),
            },
        }
    }

    // --- authenticate

    /// Who presents `credential` at this tenant, from memory alone.
    ///
    /// # Errors
    /// [`Stop::Load`] where memory lacks something; [`Stop::Refused`] for a credential that is not good here.
    pub fn authenticate(
        &self,
        at: &Resolved,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Caller, Stop> {
        if self.is_out_of_touch() {
            return Err(Stop::Load(Wanted::Tenant(at.tenant.record.id)));
        }
        match credential {
            Credential::None => Ok(self.caller(at, None, RightSet::default(), Actor::Anonymous, origin)),
            Credential::Session(Cookie::Tenant { digest, tenant, .. }) => {
                self.by_session(at, *tenant, *digest, origin)
            }
            Credential::Session(Cookie::Person { digest, user, .. }) => {
                self.by_person(at, *user, *digest, origin)
            }
            // What runs the platform does not reach into a tenant (ledger C06); see `assume`.
            Credential::OperatorToken(_) | Credential::Socket => Err(Refusal::NotAllowed.into()),
        }
    }

    fn by_session(
        &self,
        at: &Resolved,
        tenant: TenantId,
        digest: Digest,
        origin: Origin,
    ) -> Result<Caller, Stop> {
        let here = at.tenant.record.id;
        if tenant != here {
            self.report(Some(tenant), here, None, "a session of another tenant", origin);
            return Err(Refusal::ForeignCredential.into());
        }
        let known = self.known.sessions.get(&(here, digest));
        let known = known.filter(|known| known.epoch == at.tenant.epoch());
        let known = known.ok_or(Stop::Load(Wanted::Session(here, digest)))?;
        let now = self.clock.now();
        if now >= known.person.ends || now >= known.idle_ends {
            return Err(Refusal::BadCredential.into());
        }
        if is_worth_noting(now, known.idle_ends, known.idle) {
            self.witness.active(here, digest);
            let moved = KnownSession {
                idle_ends: now + known.idle,
                ..known.clone()
            };
            self.known.sessions.insert((here, digest), moved);
        }
        let actor = Actor::User(known.person.user);
        Ok(self.caller(at, Some(known.person), known.rights, actor, origin))
    }

    fn by_person(&self, at: &Resolved, user: UserId, digest: Digest, origin: Origin) -> Result<Caller, Stop> {
        let person = self.person_grant(user, digest)?;
        let here = at.tenant.record.id;
        let known = self.known.members.get(&(here, user, person.provider));
        let known = known.filter(|known| known.epoch == at.tenant.epoch());
        let grant = known
            .ok_or(Stop::Load(Wanted::Member(here, user, person.provider)))?
            .grant;
        let actor = Actor::User(user);
        let caller = as_person(&grant, person.ends, digest);
        Ok(self.caller(at, Some(Arc::new(caller)), grant.rights, actor, origin))
    }

    fn person_grant(&self, user: UserId, digest: Digest) -> Result<Arc<PersonGrant>, Stop> {
        let grant = self
            .known
            .persons
            .get(&digest)
            .ok_or(Stop::Load(Wanted::Person(user, digest)))?;
        let now = self.clock.now();
        if grant.user != user || now >= grant.ends || now >= grant.idle_ends {
            return Err(Refusal::BadCredential.into());
        }
        if is_worth_noting(now, grant.idle_ends, grant.idle) {
            self.witness.active_person(user, digest);
            let moved = Arc::new(PersonGrant {
                idle_ends: now + grant.idle,
                ..(*grant).clone()
            });
            self.known.persons.insert(digest, moved);
        }
        Ok(grant)
    }

    fn caller(
        &self,
        at: &Resolved,
        person: Option<Arc<Person>>,
        rights: RightSet,
        actor: Actor,
        origin: Origin,
    ) -> Caller {
        let mut caller = Caller::new(at.tenant.record.id, actor, rights, origin.request);
        caller.tenant = Some(at.tenant.clone());
        caller.person = person;
        caller
    }

    // --- authorise

    /// A permit for `A`, if this caller may.
    ///
    /// # Errors
    /// [`Refusal::Closed`] for a closed tenant, [`Refusal::SignInNeeded`] or [`Refusal::NoSuchTenant`] for
    /// somebody unknown, [`Refusal::NotAllowed`] for somebody known.
    pub fn authorize<A: TenantAction>(&self, caller: Caller) -> Result<Permit<A>, Refusal> {
        let tenant = caller.tenant.clone().ok_or(Refusal::NotAllowed)?;
        let published = tenant.record.published;
        if !tenant.record.standing.is_open() {
            // To strangers, a closed tenant without a published page is no tenant.
            let tell = published || caller.person.is_some();
            return Err(if tell {
                Refusal::Closed(tenant.record.standing)
            } else {
                Refusal::NoSuchTenant
            });
        }
        let stranger = if published {
            Refusal::SignInNeeded
        } else {
            Refusal::NoSuchTenant
        };
        match A::NEEDS {
            Needs::Nothing => Ok(Permit::new(caller)),
            Needs::Membership | Needs::Right(_) if caller.person.is_none() => Err(stranger),
            Needs::Membership => Ok(Permit::new(caller)),
            Needs::Right(right) if caller.rights.has(right) => Ok(Permit::new(caller)),
            Needs::Right(_) | Needs::Platform => Err(Refusal::NotAllowed),
        }
    }

    /// Authenticates and authorises in one go, from memory alone.
    ///
    /// # Errors
    /// As [`Warden::authenticate`] and [`Warden::authorize`].
    pub fn permit_now<A: TenantAction>(
        &self,
        at: &Resolved,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Permit<A>, Stop> {
        let caller = self.authenticate(at, credential, origin)?;
        Ok(self.authorize(caller)?)
    }

    /// Authenticates and authorises, loading what memory lacks.
    ///
    /// # Errors
    /// Any [`Refusal`]; [`Refusal::OutOfTouch`] if the directory cannot be reached.
    pub async fn permit<A: TenantAction>(
        &self,
        at: &Resolved,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Permit<A>, Refusal> {
        let strangers = match A::NEEDS {
            Needs::Nothing => Strangers::Welcome,
            _ => Strangers::Refused,
        };
        let caller = self.find_caller(at, credential, origin, strangers).await?;
        self.authorize(caller)
    }

    /// Authenticates, loading what memory lacks. A credential that has ended counts as none.
    ///
    /// # Errors
    /// As [`Warden::permit`].
    pub async fn caller_at(
        &self,
        at: &Resolved,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Caller, Refusal> {
        self.find_caller(at, credential, origin, Strangers::Refused).await
    }

    async fn find_caller(
        &self,
        at: &Resolved,
        credential: &Credential,
        origin: Origin,
        strangers: Strangers,
    ) -> Result<Caller, Refusal> {
        let mut at = at.clone();
        for _ in 0..MOST_LOADS {
            match self.authenticate(&at, credential, origin) {
                Ok(caller) => return Ok(caller),
                Err(Stop::Refused(Refusal::BadCredential)) => {
                    return Ok(self.caller(&at, None, RightSet::default(), Actor::Anonymous, origin));
                }
                Err(Stop::Refused(refusal)) => return Err(refusal),
                Err(Stop::Load(wanted)) => {
                    if self
                        .load(wanted)
                        .await
                        .map_err(|DirectoryError| Refusal::OutOfTouch)?
                    {
                        at = self.resolve_id(at.tenant.record.id)?;
                        continue;
                    }
                    return match wanted {
                        // Whoever is known at `id.` and no member here may sign in here, as any stranger.
                        Wanted::Member(..) if strangers == Strangers::Welcome => {
                            Ok(self.caller(&at, None, RightSet::default(), Actor::Anonymous, origin))
                        }
                        Wanted::Member(tenant, user, _) => {
                            self.report(None, tenant, Some(user), "a person who is no member", origin);
                            Err(Refusal::NoSuchTenant)
                        }
                        Wanted::Tenant(_) => Err(Refusal::NoSuchTenant),
                        _ => Ok(self.caller(&at, None, RightSet::default(), Actor::Anonymous, origin)),
                    };
                }
            }
        }
        Err(Refusal::OutOfTouch)
    }

    /// A permit for what belongs to the person behind a session at `id.` or in the console.
    ///
    /// # Errors
    /// [`Refusal::SignInNeeded`] without a valid session.
    pub async fn person<A: PersonAction>(
        &self,
        credential: &Credential,
        origin: Origin,
    ) -> Result<PersonPermit<A>, Refusal> {
        let grant = self.grant_of(credential).await?;
        Ok(PersonPermit::new(grant.user, origin.request, Some(grant)))
    }

    /// A permit for the platform's own rows.
    ///
    /// # Errors
    /// [`Refusal::SignInNeeded`] without a valid credential, [`Refusal::NotAllowed`] without the right.
    pub async fn operator<A: OperatorAction>(
        &self,
        credential: &Credential,
        origin: Origin,
    ) -> Result<OperatorPermit<A>, Refusal> {
        let (actor, rights) = self.operator_rights(credential, origin).await?;
        match A::NEEDS {
            Needs::Right(right) if rights.has(right) => Ok(OperatorPermit::new(actor, origin.request)),
            _ => Err(Refusal::NotAllowed),
        }
    }

    async fn operator_rights(
        &self,
        credential: &Credential,
        origin: Origin,
    ) -> Result<(Actor, RightSet), Refusal> {
        match credential {
            Credential::None | Credential::Session(Cookie::Tenant { .. }) => Err(Refusal::SignInNeeded),
            Credential::Socket => Ok((Actor::CommandLine, PlatformRole::Operator.rights())),
            Credential::OperatorToken(secret) => {
                let digest = Digest::of(secret.reveal().as_bytes());
                let grant = match self.known.tokens.get(&digest).filter(|_| !self.is_out_of_touch()) {
                    Some(grant) => grant,
                    None => {
                        self.load(Wanted::Token(digest))
                            .await
                            .map_err(|DirectoryError| Refusal::OutOfTouch)?;
                        self.known.tokens.get(&digest).ok_or(Refusal::BadCredential)?
                    }
                };
                let alive = self.clock.now() < grant.ends;
                alive
                    .then_some((Actor::Token(grant.token), grant.rights))
                    .ok_or(Refusal::BadCredential)
            }
            Credential::Session(Cookie::Person { user, .. }) => {
                let house = self.house().ok_or(Refusal::NotAllowed)?;
                let at = Resolved { tenant: house };
                let caller = match self.caller_at(&at, credential, origin).await {
                    Err(Refusal::NoSuchTenant) => return Err(Refusal::NotAllowed),
                    other => other?,
                };
                let operator = PlatformRole::Operator.rights();
                let rights = if caller.rights.has(Right::ReadPlatform) {
                    operator
                } else {
                    RightSet::default()
                };
                if caller.person.is_none() {
                    return Err(Refusal::SignInNeeded);
                }
                Ok((Actor::User(*user), rights))
            }
        }
    }

    async fn grant_of(&self, credential: &Credential) -> Result<Arc<PersonGrant>, Refusal> {
        let Credential::Session(Cookie::Person { digest, user, .. }) = credential else {
            return Err(Refusal::SignInNeeded);
        };
        if self.is_out_of_touch() || self.known.persons.get(digest).is_none() {
            let found = self.load(Wanted::Person(*user, *digest)).await;
            if !found.map_err(|DirectoryError| Refusal::OutOfTouch)? {
                return Err(Refusal::SignInNeeded);
            }
        }
        self.person_grant(*user, *digest)
            .map_err(|_| Refusal::SignInNeeded)
    }

    // --- the other mints

    /// A permit for one's own things right after proving who one is, before there is a session. Only an
    /// action that introduces people has one to give.
    pub fn introduced<A: PersonAction, I: crate::policy::Introduces>(
        &self,
        by: &Permit<I>,
        user: UserId,
    ) -> PersonPermit<A> {
        PersonPermit::new(user, by.caller().request, None)
    }

    /// A permit to end one's own person's sessions on the way out of a tenant; none where nobody is signed in.
    pub fn parting(&self, by: &Permit<EndSession>) -> Option<PersonPermit<EndPersonSession>> {
        let person = by.caller().person()?;
        Some(PersonPermit::new(person.user, by.caller().request(), None))
    }

    /// Leases a job of this class and gives the permit to do it, with the rights that job actions declare.
    ///
    /// # Errors
    /// [`Refusal::OutOfTouch`].
    pub async fn claim(
        &self,
        class: &'static str,
        origin: Origin,
    ) -> Result<Option<(Permit<RunJob>, ClaimedJob)>, Refusal> {
        let job = self
            .directory
            .claim(class)
            .await
            .map_err(|DirectoryError| Refusal::OutOfTouch)?;
        Ok(job.map(|job| (self.background::<RunJob>(job.tenant, origin), job)))
    }

    /// A permit for the platform's own work inside a tenant, which goes on while the tenant is closed. The
    /// policy page says which actions these are.
    pub fn background<A: TenantAction + WhileClosed>(&self, tenant: TenantId, origin: Origin) -> Permit<A> {
        let mut caller = Caller::new(tenant, Actor::System, RightSet::default(), origin.request);
        caller.tenant = self.tenants.by_id(tenant);
        Permit::new(caller)
    }

    /// A permit for the platform's own work on its own rows.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] for an action that a request needs rights for.
    pub fn platform<A: OperatorAction>(&self, origin: Origin) -> Result<OperatorPermit<A>, Refusal> {
        match A::NEEDS {
            Needs::Platform => Ok(OperatorPermit::new(Actor::System, origin.request)),
            _ => Err(Refusal::NotAllowed),
        }
    }

    /// Break-glass: an operator acts inside a tenant as its admin could, for a reason that is written into
    /// the operator's trail and the tenant's before anything else, and again with every line that follows.
    ///
    /// # Errors
    /// [`Refusal::SignInNeeded`] and [`Refusal::NotAllowed`] as for [`Warden::operator`];
    /// [`Refusal::ReasonNeeded`] for one outside of 10 to 500 characters; [`Refusal::NoSuchTenant`].
    pub async fn assume<A: TenantAction>(
        &self,
        credential: &Credential,
        tenant: TenantId,
        reason: &str,
        origin: Origin,
    ) -> Result<Permit<A>, Refusal> {
        let reason = reason.trim();
        let by = self.operator::<AssumeTenant>(credential, origin).await?;
        if !(10..=500).contains(&reason.chars().count()) || reason.contains(char::is_control) {
            return Err(Refusal::ReasonNeeded);
        }
        if matches!(A::NEEDS, Needs::Platform) {
            return Err(Refusal::NotAllowed);
        }
        let at = self.resolve_id(tenant)?;
        let noted = self.directory.note_assumption(&by, tenant, reason).await;
        noted.map_err(|DirectoryError| Refusal::OutOfTouch)?;
        let operator = match by.actor() {
            Actor::User(user) => Some(*user),
            _ => None,
        };
        let actor = Actor::Assumed { operator, reason: reason.to_owned() };
        Ok(Permit::new(self.caller(&at, None, PlatformRole::Admin.rights(), actor, origin)))
    }

    // --- memory

    /// The operator's own tenant, once there is one.
    pub fn house(&self) -> Option<Arc<Tenant>> {
        self.tenants.by_slug(domain::Slug::house().as_str())
    }

    /// Loads every tenant; gives their number.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn fill(&self) -> Result<usize, DirectoryError> {
        const BATCH: u32 = 5_000;
        let mut after = None;
        loop {
            let batch = self.directory.tenants(after, BATCH).await?;
            after = batch.last().map(|last| last.id).or(after);
            let full = batch.len() as u32 == BATCH;
            batch.into_iter().for_each(|record| self.tenants.put(record));
            if !full {
                return Ok(self.tenants.len());
            }
        }
    }

    /// Notes that the feed was heard, whether or not it had anything to say.
    pub fn heard(&self) {
        self.heard.store(self.clock.now().micros(), Relaxed);
    }

    /// Takes in one event of the feed.
    ///
    /// # Errors
    /// [`DirectoryError`] if a changed tenant cannot be loaded; the event must be given again.
    pub async fn hear(&self, event: &Heard) -> Result<(), DirectoryError> {
        match event.name.as_str() {
            names::TENANT_CHANGED => {
                if let Ok(tenant) = event.subject.parse() {
                    self.reload(tenant).await?;
                }
            }
            names::PLAN_CHANGED => {
                self.fill().await?;
            }
            names::SESSION_ENDED => {
                if let Some(digest) = event.fact("session").and_then(Digest::parse) {
                    self.known.sessions.remove(&(event.tenant, digest));
                }
            }
            names::PERSON_SESSION_ENDED => {
                if let Some(digest) = event.fact("session").and_then(Digest::parse) {
                    self.known.persons.remove(&digest);
                }
            }
            names::MEMBER_CHANGED | names::CONNECTION_CHANGED | names::SESSIONS_ENDED => {
                self.tenants.touch(event.tenant);
                // A provider that is shared, or no longer: what was written here holds at another tenant.
                if let Some(other) = event.fact("tenant").and_then(|id| id.parse().ok()) {
                    self.tenants.touch(other);
                }
            }
            names::TOKENS_CHANGED => self.known.tokens.clear(),
            _ => {}
        }
        Ok(())
    }

    /// Loads one tenant anew, and forgets it if it is gone. Gives whether it is there.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn reload(&self, id: TenantId) -> Result<bool, DirectoryError> {
        let record = self.directory.tenant(id).await?;
        let there = record.is_some();
        match record {
            Some(record) => self.tenants.put(record),
            None => self.tenants.remove(id),
        }
        Ok(there)
    }

    /// Fetches what memory lacks. Gives whether it was found.
    async fn load(&self, wanted: Wanted) -> Result<bool, DirectoryError> {
        match wanted {
            Wanted::Tenant(id) => {
                let there = self.reload(id).await?;
                // The database was reached just now, so what follows is loaded from it and true.
                self.known.sessions.clear();
                self.known.persons.clear();
                self.known.members.clear();
                self.heard();
                Ok(there)
            }
            Wanted::Session(tenant, digest) => self.load_session(tenant, digest).await,
            Wanted::Person(user, digest) => {
                let grant = self.directory.person(user, digest).await?;
                let there = grant.is_some();
                grant
                    .into_iter()
                    .for_each(|grant| self.known.persons.insert(digest, Arc::new(grant)));
                Ok(there)
            }
            Wanted::Member(tenant, user, provider) => self.load_member(tenant, user, provider).await,
            Wanted::Token(digest) => {
                let grant = self.directory.token(digest).await?;
                let there = grant.is_some();
                grant
                    .into_iter()
                    .for_each(|grant| self.known.tokens.insert(digest, grant));
                Ok(there)
            }
        }
    }

    async fn load_session(&self, tenant: TenantId, digest: Digest) -> Result<bool, DirectoryError> {
        // The epoch is read before the question: what changes meanwhile makes the answer stale, not true.
        let Some(epoch) = self.tenants.by_id(tenant).map(|tenant| tenant.epoch()) else {
            return Ok(false);
        };
        let Some(grant) = self.directory.session(tenant, digest).await? else {
            return Ok(false);
        };
        let person = Arc::new(as_person(&grant.member, grant.ends, digest));
        let (rights, idle_ends, idle) = (grant.member.rights, grant.idle_ends, grant.idle);
        self.known.sessions.insert(
            (tenant, digest),
            KnownSession {
                epoch,
                person,
                rights,
                idle_ends,
                idle,
            },
        );
        Ok(true)
    }

    async fn load_member(
        &self,
        tenant: TenantId,
        user: UserId,
        provider: ProviderId,
    ) -> Result<bool, DirectoryError> {
        let Some(epoch) = self.tenants.by_id(tenant).map(|tenant| tenant.epoch()) else {
            return Ok(false);
        };
        let Some(grant) = self.directory.member(tenant, user, provider).await? else {
            return Ok(false);
        };
        self.known.members.insert(
            (tenant, user, provider),
            KnownMember {
                epoch,
                grant: Arc::new(grant),
            },
        );
        Ok(true)
    }

    fn is_out_of_touch(&self) -> bool {
        self.clock
            .now()
            .since(Moment::from_micros(self.heard.load(Relaxed)))
            > self.silence
    }

    fn report(
        &self,
        from: Option<TenantId>,
        at: TenantId,
        user: Option<UserId>,
        how: &'static str,
        origin: Origin,
    ) {
        tracing::warn!(from = from.map(tracing::field::display), %at, user = user.map(tracing::field::display), how, request = %origin.request, "cross-tenant attempt refused: {how}");
        self.witness.refused(CrossTenant {
            from,
            at,
            user,
            how,
            request: origin.request.to_string(),
        });
    }
}

fn as_person(grant: &MemberGrant, ends: Moment, session: Digest) -> Person {
    Person {
        user: grant.user,
        member: grant.member,
        roles: grant.roles.clone(),
        provider: grant.provider,
        ends,
        session,
        name: grant.name.clone(),
        email: grant.email.clone(),
    }
}

/// Whether a quarter of the idle time has gone since the session was last noted.
fn is_worth_noting(now: Moment, idle_ends: Moment, idle: Duration) -> bool {
    idle_ends.since(now) < idle - idle / 4
}
