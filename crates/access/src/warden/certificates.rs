//! Who presents a client certificate. Whoever holds the anchors has looked at it and found the rule that fits; what is
//! left is asked on every request: whether that look is still good, and whether it was about this tenant.

use super::{Origin, Resolved, Warden};
use crate::{
    permit::{Actor, Caller, CertificateHolder},
    refusal::{Refusal, Stop},
};
use domain::RightSet;
use std::sync::Arc;

impl Warden {
    pub(super) fn by_certificate(
        &self,
        at: &Resolved,
        holder: &Arc<CertificateHolder>,
        origin: Origin,
    ) -> Result<Caller, Stop> {
        if self.clock.now() >= holder.ends {
            return Err(Refusal::CertificateExpired.into());
        }
        let here = at.tenant.record.id;
        if holder.tenant != here {
            self.report(Some(holder.tenant), here, None, "a client certificate of another tenant", origin);
            return Err(Refusal::ForeignCredential.into());
        }
        let actor = Actor::Device(holder.anchor, holder.who);
        let mut caller = self.caller(at, None, RightSet::default(), actor, origin);
        caller.certificate = Some(holder.clone());
        Ok(caller)
    }
}
