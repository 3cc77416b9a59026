//! Permits for requests: whether this caller may, loading what memory lacks.

use super::{Origin, Resolved, Warden};
use crate::{
    credential::{Cookie, Credential},
    directory::{DirectoryError, PersonGrant},
    permit::{Actor, Caller, OperatorPermit, Permit, PersonPermit},
    policy::{Action, EndSession, LeaveTenant, Needs, OperatorAction, PersonAction, TenantAction},
    refusal::{Refusal, Stop, Wanted},
};
use domain::{Digest, PlatformRole, Right, RightSet, TenantId, UserId};
use std::sync::Arc;

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

/// Whoever wants to leave may, however the tenant stands: a session that could not be ended while it is closed would be
/// good again once it opens.
fn leaves<A: TenantAction>(caller: &Caller) -> bool {
    A::NAME == LeaveTenant::NAME || A::NAME == EndSession::NAME && caller.person.is_some()
}

impl Warden {
    /// A permit for `A`, if this caller may.
    ///
    /// # Errors
    /// [`Refusal::Closed`] for a closed tenant, [`Refusal::SignInNeeded`] or [`Refusal::NoSuchTenant`] for
    /// somebody unknown, [`Refusal::NotAllowed`] for somebody known.
    pub fn authorize<A: TenantAction>(&self, caller: Caller) -> Result<Permit<A>, Refusal> {
        let tenant = caller.tenant.clone().ok_or(Refusal::NotAllowed)?;
        let published = tenant.record.published;
        if !tenant.record.standing.is_open() && !leaves::<A>(&caller) {
            // To strangers, a closed tenant without a published page is no tenant.
            let tell = published || caller.is_known();
            return Err(if tell { Refusal::Closed(tenant.record.standing) } else { Refusal::NoSuchTenant });
        }
        let stranger = if published { Refusal::SignInNeeded } else { Refusal::NoSuchTenant };
        match A::NEEDS {
            Needs::Nothing => Ok(Permit::new(caller)),
            Needs::Known if !caller.is_known() => Err(stranger),
            Needs::Known => Ok(Permit::new(caller)),
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

    /// The same at the tenant of this id, whether or not there is one. The way is the same for an id that is
    /// nobody's, for a foreign tenant and for a closed one, with as many questions to the directory: neither
    /// the answer nor the time that it takes says which tenants there are.
    ///
    /// # Errors
    /// As [`Warden::permit`].
    pub async fn permit_at<A: TenantAction>(
        &self,
        tenant: TenantId,
        credential: &Credential,
        origin: Origin,
    ) -> Result<Permit<A>, Refusal> {
        self.permit(&self.resolve_or_nobodys(tenant), credential, origin).await
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
                    let found = self.load(wanted).await.map_err(|DirectoryError| Refusal::OutOfTouch)?;
                    let tenant = at.tenant.record.id;
                    match wanted {
                        Wanted::Tenant(_) if found => at = self.still(&at)?,
                        // Nobody's, or no more: it is asked about to the end like any other.
                        Wanted::Tenant(_) => at = self.resolve_or_nobodys(tenant),
                        _ if found => at = self.resolve_or_nobodys(tenant),
                        Wanted::Key(_) if matches!(credential, Credential::Exchanged(_)) => {
                            return Err(Refusal::TokenEnded);
                        }
                        Wanted::Grant(..) => return Err(Refusal::TokenEnded),
                        Wanted::Key(_) => return Err(Refusal::KeyRefused),
                        Wanted::Member(_, user, _) if strangers == Strangers::Refused => {
                            self.report_stranger(tenant, user, origin);
                            return Err(Refusal::NoSuchTenant);
                        }
                        // Whoever is known at `id.` and no member here may sign in here, as any stranger.
                        _ => {
                            return Ok(self.caller(&at, None, RightSet::default(), Actor::Anonymous, origin));
                        }
                    }
                }
            }
        }
        Err(Refusal::OutOfTouch)
    }

    fn report_stranger(&self, tenant: TenantId, user: UserId, origin: Origin) {
        let is_there = self.tenants.by_id(tenant).is_some();
        let how = if is_there { "a person who is no member" } else { "an id that is no tenant's" };
        self.report(None, tenant, Some(user), how, origin);
    }

    /// The tenant as it was just loaded. One that goes by other names than were believed is perhaps not the one
    /// that was asked for; whoever asks again finds out.
    fn still(&self, at: &Resolved) -> Result<Resolved, Refusal> {
        let now = self.resolve_id(at.tenant.record.id)?;
        let names = |at: &Resolved| (at.tenant.record.slug.clone(), at.tenant.record.hostnames.clone());
        if names(&now) == names(at) { Ok(now) } else { Err(Refusal::OutOfTouch) }
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
            Credential::None
            | Credential::Key(_)
            | Credential::Token(_)
            | Credential::Exchanged(_)
            | Credential::Granted(_)
            | Credential::Certificate(_)
            | Credential::Session(Cookie::Tenant { .. }) => Err(Refusal::SignInNeeded),
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
                alive.then_some((Actor::Token(grant.token), grant.rights)).ok_or(Refusal::BadCredential)
            }
            Credential::Session(Cookie::Person { user, .. }) => {
                let house = self.house().ok_or(Refusal::NotAllowed)?;
                let at = Resolved { tenant: house };
                let caller = match self.caller_at(&at, credential, origin).await {
                    Err(Refusal::NoSuchTenant) => return Err(Refusal::NotAllowed),
                    other => other?,
                };
                let operator = PlatformRole::Operator.rights();
                let rights =
                    if caller.rights.has(Right::ReadPlatform) { operator } else { RightSet::default() };
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
        self.person_grant(*user, *digest).map_err(|_| Refusal::SignInNeeded)
    }
}
