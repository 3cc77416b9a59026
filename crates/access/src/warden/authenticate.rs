//! Who presents a credential at a tenant, from memory alone.

use super::{Origin, Resolved, Warden};
use crate::{
    cache::KnownSession,
    credential::{Cookie, Credential},
    directory::{MemberGrant, PersonGrant},
    permit::{Actor, Caller, Person},
    refusal::{Refusal, Stop, Wanted},
    shortcut::Shortcut,
};
use domain::{Digest, Moment, RightSet, TenantId, UserId};
use std::{sync::Arc, time::Duration};

impl Warden {
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
        if self.is_stale(at.tenant.record.id) {
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
            Credential::Key(key) => self.by_key(at, key, origin),
            Credential::Token(holder) => self.by_token(at, holder, origin),
            Credential::Exchanged(token) => self.by_exchanged(at, token, origin),
            Credential::Granted(token) => self.by_granted(at, token, origin),
            Credential::Certificate(holder) => self.by_certificate(at, holder, origin),
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
        if !origin.is_rehearsal() && is_worth_noting(now, known.idle_ends, known.idle) {
            self.witness.active(here, digest);
            let moved = KnownSession { idle_ends: now + known.idle, ..known.clone() };
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
        let grant = known.ok_or(Stop::Load(Wanted::Member(here, user, person.provider)))?.grant;
        let actor = Actor::User(user);
        let caller = as_person(&grant, person.ends, digest);
        Ok(self.caller(at, Some(Arc::new(caller)), grant.rights, actor, origin))
    }

    pub(super) fn person_grant(&self, user: UserId, digest: Digest) -> Result<Arc<PersonGrant>, Stop> {
        let grant = self.known.persons.get(&digest).ok_or(Stop::Load(Wanted::Person(user, digest)))?;
        let now = self.clock.now();
        if grant.user != user || now >= grant.ends || now >= grant.idle_ends {
            return Err(Refusal::BadCredential.into());
        }
        if is_worth_noting(now, grant.idle_ends, grant.idle) {
            self.witness.active_person(user, digest);
            let moved = Arc::new(PersonGrant { idle_ends: now + grant.idle, ..(*grant).clone() });
            self.known.persons.insert(digest, moved);
        }
        Ok(grant)
    }

    pub(super) fn caller(
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
}

pub(super) fn as_person(grant: &MemberGrant, ends: Moment, session: Digest) -> Person {
    Person {
        user: grant.user,
        member: grant.member,
        roles: grant.roles.clone(),
        provider: grant.provider,
        ends,
        session,
        name: grant.name.clone(),
        email: grant.email.clone(),
        email_verified: grant.email_verified,
        attributes: grant.attributes.clone(),
        lately: Shortcut::default(),
    }
}

/// Whether a quarter of the idle time has gone since the session was last noted.
fn is_worth_noting(now: Moment, idle_ends: Moment, idle: Duration) -> bool {
    idle_ends.since(now) < idle - idle / 4
}
