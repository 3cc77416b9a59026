//! Who presents a token that an application was given. The token says whose it is and for how long; the grant behind it
//! must stand still, so that whoever ends a grant, an application or a membership ends every token of it, on every node.

use super::{Origin, Resolved, Warden, authenticate::as_person};
use crate::{
    cache::KnownGrant,
    directory::{DirectoryError, StandingGrant},
    permit::{Actor, Caller, GrantHolder, GrantedToken},
    refusal::{Refusal, Stop, Wanted},
    shortcut::Shortcut,
};
use domain::{Digest, GrantId, Heard, RightSet, TenantId};
use std::sync::{Arc, atomic::Ordering::SeqCst};

impl Warden {
    pub(super) fn by_granted(
        &self,
        at: &Resolved,
        token: &Arc<GrantedToken>,
        origin: Origin,
    ) -> Result<Caller, Stop> {
        let now = self.clock.now();
        if now >= token.ends {
            return Err(Refusal::TokenExpired.into());
        }
        let here = at.tenant.record.id;
        if token.tenant != here {
            self.report(Some(token.tenant), here, None, "a token of another tenant", origin);
            return Err(Refusal::ForeignCredential.into());
        }
        let known = self.known.grants.get(&(here, token.grant));
        let known = known.filter(|known| known.epoch == at.tenant.epoch());
        let grant = known.ok_or(Stop::Load(Wanted::Grant(here, token.grant)))?.grant;
        if now >= grant.ends || grant.application != token.application {
            return Err(Refusal::TokenEnded.into());
        }
        let told = told(token, &grant);
        // A token opens the application, never the console: it carries no rights of ours.
        let person = grant.member.as_ref().map(|member| Arc::new(as_person(member, token.ends, told)));
        let actor = match &person {
            Some(person) => Actor::User(person.user),
            None => Actor::Application(token.application),
        };
        let mut caller = self.caller(at, person.clone(), RightSet::default(), actor, origin);
        let lately = Shortcut::default();
        caller.application = Some(Arc::new(GrantHolder { token: token.clone(), person, told, lately }));
        Ok(caller)
    }

    /// Whether a grant stands still, loading what memory lacks.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub(super) async fn load_grant(&self, tenant: TenantId, grant: GrantId) -> Result<bool, DirectoryError> {
        // The epoch is read before the question: what changes meanwhile makes the answer stale, not true.
        let epoch = self.tenants.by_id(tenant).map(|tenant| tenant.epoch());
        let before = self.key_changes.load(SeqCst);
        let found = self.directory.grant(tenant, grant).await?;
        let (Some(epoch), Some(found)) = (epoch, found) else { return Ok(false) };
        self.known.grants.insert((tenant, grant), KnownGrant { epoch, grant: Arc::new(found) });
        // An end that was told meanwhile found nothing to take out.
        if self.key_changes.load(SeqCst) != before {
            self.known.grants.remove(&(tenant, grant));
        }
        Ok(true)
    }

    /// One grant ended, or all of an application or a member.
    pub(super) fn hear_of_grant(&self, event: &Heard) {
        self.key_changes.fetch_add(1, SeqCst);
        match event.subject.parse::<GrantId>() {
            Ok(grant) => drop(self.known.grants.remove(&(event.tenant, grant))),
            Err(_) => self.tenants.touch(event.tenant),
        }
    }
}

/// The hash of what a backend is told: two tokens that say the same are one.
fn told(token: &GrantedToken, grant: &StandingGrant) -> Digest {
    let ids = format!(
        "partywall granted token\n{}\n{}\n",
        token.application,
        grant.member.as_ref().map(|member| member.member.to_string()).unwrap_or_default()
    );
    let mut parts: Vec<&[u8]> = vec![ids.as_bytes()];
    for scope in &token.scopes {
        parts.extend([scope.as_ref().as_bytes(), b"\n"]);
    }
    Digest::of_parts(&parts)
}
