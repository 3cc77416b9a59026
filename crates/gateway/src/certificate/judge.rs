//! Whether a certificate is believed, and at which tenants whom for.

use super::{
    anchors::{Anchor, Register},
    presented::ClientCertificate,
};
use crate::{
    gateway::Gateway,
    problem::{self, Problem},
    refuse::No,
};
use access::{CertificateHolder, Shortcut, Tenant};
use domain::{Digest, Moment, RuleTenant, TenantId};
use protocol::x509::{ClientChain, Grant, Untrusted, grants};
use std::{sync::Arc, time::Duration};

/// For how long what was found is kept where no certificate's time says less: names of tenants may change hands.
const KEPT: Duration = Duration::from_secs(300);

/// What was found out about a certificate, and what that depends on.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) found: Result<Box<[Arc<CertificateHolder>]>, Unbelieved>,
    register: Arc<Register>,
    tenants: Box<[(TenantId, u64)]>,
    begins: Moment,
    until: Moment,
}

/// Why a certificate is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbelieved {
    Unreadable,
    Untrusted(Untrusted),
    /// An authority vouches for it, and no rule says whom it is for.
    Unmapped,
}

impl Unbelieved {
    fn problem(self) -> Problem {
        match self {
            Unbelieved::Unreadable | Unbelieved::Untrusted(Untrusted::Broken(_)) => {
                problem::CERTIFICATE_REFUSED
            }
            Unbelieved::Untrusted(Untrusted::Unknown) => problem::CERTIFICATE_UNKNOWN,
            Unbelieved::Untrusted(Untrusted::Purpose) => problem::CERTIFICATE_PURPOSE,
            Unbelieved::Untrusted(Untrusted::Early) => problem::CERTIFICATE_EARLY,
            Unbelieved::Untrusted(Untrusted::Expired) => problem::CERTIFICATE_EXPIRED,
            Unbelieved::Untrusted(Untrusted::StatusUnknown) => problem::CERTIFICATE_STATUS,
            Unbelieved::Untrusted(Untrusted::Revoked) => problem::CERTIFICATE_REVOKED,
            Unbelieved::Unmapped => problem::CERTIFICATE_UNMAPPED,
        }
    }
}

impl Gateway {
    /// Whom a certificate is for: at each tenant at most one.
    pub(crate) fn certificate_holders(
        &self,
        presented: &ClientCertificate,
    ) -> Result<Box<[Arc<CertificateHolder>]>, No> {
        // What was taken back a moment ago is told by the feed.
        if self.0.needs.warden.is_out_of_touch() {
            return Err(No::because(problem::OUT_OF_TOUCH));
        }
        let now = self.0.needs.clock.now();
        let known = presented.judged.load();
        let judged = match &*known {
            Some(judged) if self.is_still_so(judged, now) => judged.clone(),
            _ => {
                let judged = Arc::new(self.judge_certificate(presented, now));
                presented.judged.store(Some(judged.clone()));
                judged
            }
        };
        judged.found.clone().map_err(|why| match why {
            Unbelieved::Untrusted(Untrusted::Broken(how)) => {
                No::with(why.problem(), format!("What is wrong: {how}."))
            }
            _ => No::because(why.problem()),
        })
    }

    /// Whether a certificate that was believed would be so now, for the same caller there.
    pub(crate) fn still_holds(&self, presented: &ClientCertificate, holder: &CertificateHolder) -> bool {
        let holders = self.certificate_holders(presented);
        holders.is_ok_and(|all| all.iter().any(|one| one.told == holder.told && one.tenant == holder.tenant))
    }

    fn is_still_so(&self, judged: &Judged, now: Moment) -> bool {
        let tenants = self.0.needs.warden.tenants();
        let is_same =
            |(id, epoch): &(TenantId, u64)| tenants.by_id(*id).is_some_and(|tenant| tenant.epoch() == *epoch);
        now < judged.until
            && now >= judged.begins
            && self.0.anchors.are_as_in(&judged.register)
            && judged.tenants.iter().all(is_same)
    }

    fn judge_certificate(&self, presented: &ClientCertificate, now: Moment) -> Judged {
        let register = self.0.anchors.now();
        let (mut tenants, mut until) = (Vec::new(), now + KEPT);
        let found = match &presented.chain {
            Ok(chain) => self.holders_of(chain, &register, now, &mut tenants, &mut until),
            Err(_) => Err(Unbelieved::Unreadable),
        };
        if let Err(why) = found {
            let serial =
                presented.chain.as_ref().map(|chain| chain.facts().serial.as_str()).unwrap_or_default();
            tracing::debug!(serial, "a client certificate is not believed: {why:?}");
        }
        Judged { found, register, tenants: tenants.into(), begins: now, until }
    }

    fn holders_of(
        &self,
        chain: &ClientChain,
        register: &Register,
        now: Moment,
        tenants: &mut Vec<(TenantId, u64)>,
        until: &mut Moment,
    ) -> Result<Box<[Arc<CertificateHolder>]>, Unbelieved> {
        let (mut holders, mut worst, mut vouched) = (Vec::new(), Untrusted::Unknown, false);
        for anchor in register.could_vouch(chain) {
            match anchor.vouches(chain, now) {
                Err(why) => {
                    worst = worst.max(why);
                    // What is not known now, or not good yet, may be in a moment.
                    *until = (*until).min(now + Duration::from_secs(1));
                }
                Ok(ends) => {
                    vouched = true;
                    *until = (*until).min(ends);
                    for (tenant, grant) in self.granted(&anchor, chain) {
                        tenants.push((tenant.record.id, tenant.epoch()));
                        holders.push(Arc::new(self.holder_by(&anchor, chain, grant, ends)));
                    }
                }
            }
        }
        match (holders.is_empty(), vouched) {
            (false, _) => Ok(holders.into()),
            (true, true) => Err(Unbelieved::Unmapped),
            (true, false) => Err(Unbelieved::Untrusted(worst)),
        }
    }

    fn granted(&self, anchor: &Anchor, chain: &ClientChain) -> Vec<(Arc<Tenant>, Grant<TenantId>)> {
        let directory = self.0.needs.warden.tenants();
        let of = |rule: Option<&RuleTenant>, named: Option<&str>| match (rule, named) {
            (None, _) => Some(anchor.owner),
            (Some(_), _) if !anchor.speaks_for_others => None,
            (Some(RuleTenant::Is(id)), _) => Some(*id),
            (Some(RuleTenant::From(_)), Some(name)) => {
                let found = name.parse().map_or_else(|_| directory.by_slug(name), |id| directory.by_id(id));
                found.map(|tenant| tenant.record.id)
            }
            (Some(RuleTenant::From(_)), None) => None,
        };
        let all = grants(&anchor.rules, chain.facts(), of).into_iter();
        all.filter_map(|grant| Some((directory.by_id(grant.tenant)?, grant))).collect()
    }

    fn holder_by(
        &self,
        anchor: &Anchor,
        chain: &ClientChain,
        grant: Grant<TenantId>,
        ends: Moment,
    ) -> CertificateHolder {
        let Grant { tenant, identity, machine, scopes } = grant;
        let (id, fingerprint) = (anchor.id.to_string(), chain.facts().fingerprint);
        let mut told: Vec<&[u8]> =
            vec![b"partywall certificate\n", id.as_bytes(), machine.name().as_bytes(), fingerprint.bytes()];
        for scope in &scopes {
            told.extend([scope.as_ref().as_bytes(), b"\n"]);
        }
        told.extend([b"\n", identity.as_bytes()]);
        CertificateHolder {
            anchor: anchor.id,
            tenant,
            who: self.0.anchors.hash(anchor.id, &identity),
            told: Digest::of_parts(&told),
            subject: identity.into(),
            machine,
            fingerprint,
            scopes: scopes.into(),
            ends,
            lately: Shortcut::default(),
        }
    }
}
