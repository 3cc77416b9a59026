//! Permits that no request asks for: for jobs, for the platform's own work, and for an operator who goes
//! into a tenant for a reason.

use super::{Origin, Warden};
use crate::{
    credential::Credential,
    directory::{ClaimedJob, DirectoryError},
    permit::{Actor, Caller, OperatorPermit, Permit, PersonPermit},
    policy::{
        AssumeTenant, EndPersonSession, EndSession, Needs, OperatorAction, PersonAction, RunJob,
        TenantAction, WhileClosed,
    },
    refusal::Refusal,
};
use domain::{PlatformRole, RightSet, TenantId, UserId};

impl Warden {
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

    /// A permit to end one's own sessions at a tenant, for whoever ends theirs everywhere; none where there is
    /// no such tenant.
    pub fn parting_from(
        &self,
        by: &PersonPermit<EndPersonSession>,
        tenant: TenantId,
    ) -> Option<Permit<EndSession>> {
        let there = self.tenants.by_id(tenant)?;
        let mut caller = Caller::new(tenant, Actor::User(by.user()), RightSet::default(), by.request());
        caller.tenant = Some(there);
        Some(Permit::new(caller))
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
        let job = self.directory.claim(class).await.map_err(|DirectoryError| Refusal::OutOfTouch)?;
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
}
