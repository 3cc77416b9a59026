//! Who presents a bearer token. Its issuer's rules were applied to it when it was verified, by whoever holds those;
//! what is left is asked on every request: whether its time is over, and whether it is good here.

use super::{Origin, Resolved, Warden};
use crate::{
    permit::{Actor, Caller, TokenHolder},
    refusal::{Refusal, Stop},
};
use domain::{RightSet, TenantId};
use std::sync::Arc;

impl Warden {
    pub(super) fn by_token(
        &self,
        at: &Resolved,
        holder: &Arc<TokenHolder>,
        origin: Origin,
    ) -> Result<Caller, Stop> {
        if self.clock.now() >= holder.ends {
            return Err(Refusal::TokenExpired.into());
        }
        let here = at.tenant.record.id;
        if !holder.tenants.contains(&here) {
            self.report(holder.tenants.first().copied(), here, None, "a token of another tenant", origin);
            return Err(Refusal::ForeignCredential.into());
        }
        let actor = Actor::Workload(holder.issuer, holder.who);
        let mut caller = self.caller(at, None, RightSet::default(), actor, origin);
        caller.token = Some(holder.clone());
        Ok(caller)
    }

    /// A registered issuer's token names a tenant that its issuer does not speak for; it is recorded there.
    pub fn note_unbound(&self, tenant: TenantId, origin: Origin) {
        self.report(None, tenant, None, "a token of an issuer that does not speak for it", origin);
    }
}
