//! Who presents a token that an API key was exchanged for. The token says whose it is and for how long; the key behind
//! it must stand still, so that whoever takes back a key ends every token of it, on every node.

use super::{Origin, Resolved, Warden};
use crate::{
    permit::{Actor, Caller, ExchangedToken},
    refusal::{Refusal, Stop},
};
use domain::RightSet;

impl Warden {
    pub(super) fn by_exchanged(
        &self,
        at: &Resolved,
        token: &ExchangedToken,
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
        // A signed key's own word is not at hand here; of both kinds the directory knows how they stand.
        let known = self.looked_up(token.key).map_err(|stop| match stop {
            Stop::Refused(_) => Refusal::TokenEnded.into(),
            load @ Stop::Load(_) => load,
        })?;
        if known.end.revoked || now >= known.end.at || known.holder.tenant != token.tenant {
            return Err(Refusal::TokenEnded.into());
        }
        let holder = token.narrow(&known.holder);
        let actor = Actor::Subscriber(holder.subscriber, holder.key);
        let mut caller = self.caller(at, None, RightSet::default(), actor, origin);
        caller.key = Some(holder);
        Ok(caller)
    }
}
