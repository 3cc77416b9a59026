//! Tokens that were believed lately, in bounded memory: only those, found by the hash of the whole text. What is
//! remembered is asked on every hit whether it is true still.

use super::{issuers::Issuer, own::Own};
use access::{Credential, ExchangedToken, GrantedToken, Tenants, TokenHolder};
use domain::{Digest, Moment, TenantId};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// What a token that was believed comes to.
#[derive(Clone)]
pub(crate) enum Bearing {
    /// A registered issuer speaks of somebody.
    Issued(Arc<TokenHolder>),
    /// An API key was exchanged for it.
    Exchanged(Arc<ExchangedToken>),
    /// An application was given it.
    Granted(Arc<GrantedToken>),
}

impl Bearing {
    /// The tenants that it is good at.
    pub(crate) fn tenants(&self) -> &[TenantId] {
        match self {
            Bearing::Issued(holder) => &holder.tenants,
            Bearing::Exchanged(token) => std::slice::from_ref(&token.tenant),
            Bearing::Granted(token) => std::slice::from_ref(&token.tenant),
        }
    }
}

impl From<Bearing> for Credential {
    fn from(bearing: Bearing) -> Self {
        match bearing {
            Bearing::Issued(holder) => Credential::Token(holder),
            Bearing::Exchanged(token) => Credential::Exchanged(token),
            Bearing::Granted(token) => Credential::Granted(token),
        }
    }
}

/// By whose keys it was believed.
pub(super) enum By {
    /// A registered issuer's, of this epoch.
    Issuer(Arc<Issuer>, u64),
    /// Our own.
    Us(Arc<Own>),
}

impl By {
    fn is_still_believed(&self) -> bool {
        match self {
            By::Issuer(issuer, epoch) => issuer.is_as_in(*epoch),
            By::Us(own) => !own.is_retired(),
        }
    }
}

/// A token that was believed.
pub(super) struct Believed {
    pub(super) bearing: Bearing,
    pub(super) by: By,
    /// The epochs of its tenants: a name that a token gives for one may be another's tomorrow.
    pub(super) tenants: Box<[(TenantId, u64)]>,
    /// When its time began, the clocks' difference included.
    pub(super) begins: Moment,
    /// When its time is over, or that of the keys that it was verified with.
    pub(super) until: Moment,
}

impl Believed {
    fn is_still(&self, now: Moment, tenants: &Tenants) -> bool {
        let is_same =
            |(id, epoch): &(TenantId, u64)| tenants.by_id(*id).is_some_and(|tenant| tenant.epoch() == *epoch);
        now < self.until
            && now >= self.begins
            && self.by.is_still_believed()
            && self.tenants.iter().all(is_same)
    }
}

/// What is remembered.
pub(crate) struct Tokens(Cache<Digest, Arc<Believed>>);

impl Tokens {
    /// Room for so many.
    pub(crate) fn new(room: usize) -> Self {
        Tokens(Cache::new(room))
    }

    pub(super) fn get(&self, token: &Digest, now: Moment, tenants: &Tenants) -> Option<Bearing> {
        let believed = self.0.get(token)?;
        believed.is_still(now, tenants).then(|| believed.bearing.clone())
    }

    pub(super) fn put(&self, token: Digest, believed: Believed) {
        self.0.insert(token, Arc::new(believed));
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Issuers, issuers::IssuerSpec},
        *,
    };
    use access::TenantRecord;
    use domain::{
        BoundTo, DeploymentId, IssuerId, IssuerRules, Limits, Standing, TenantFrom, TokenAlgorithm,
        TokenCaller, digest::MacKey,
    };
    use std::time::Duration;

    const NOW: Moment = Moment::from_seconds(1_000);
    const TENANT: TenantId = TenantId::from_bits(1);

    fn spec(audience: &str) -> IssuerSpec {
        let rules = IssuerRules {
            issuer: "https://idp.test".into(),
            audiences: vec![audience.into()],
            algorithms: vec![TokenAlgorithm::Es256],
            typ: None,
            jwks_uri: None,
            tenant_from: TenantFrom::Claim("org".into()),
            aliases: Default::default(),
            tenants: BoundTo::All,
            scope_claim: "scope".into(),
            caller: TokenCaller::Workload,
        };
        IssuerSpec { id: IssuerId::from_bits(2), rules, users: Default::default() }
    }

    fn tenants() -> Tenants {
        let tenants = Tenants::default();
        tenants.put(TenantRecord {
            id: TENANT,
            slug: "acme".parse().unwrap(),
            name: "Acme".parse().unwrap(),
            standing: Standing::Active,
            deployment: DeploymentId::from_bits(3),
            generation: 1,
            published: true,
            limits: Arc::new(Limits::default()),
            hostnames: Vec::new(),
            networks: [].into(),
            exchanges_keys: false,
            maintenance: Default::default(),
            subscriptions: Default::default(),
            brand: None,
        });
        tenants
    }

    #[test]
    fn a_remembered_token_ends_with_its_time_its_tenant_and_its_issuer() {
        let (issuers, tenants, memory) = (Issuers::default(), tenants(), Tokens::new(16));
        issuers.set(vec![spec("x")], MacKey::new(b"names"));
        let issuer = issuers.named("https://idp.test").unwrap();
        let token = Digest::of(b"token");
        let keep = |epoch| {
            let holder = TokenHolder {
                issuer: issuer.spec.id,
                subject: "robot".into(),
                who: token,
                told: token,
                person: false,
                tenants: [TENANT].into(),
                listed: None,
                scopes: Box::default(),
                ends: NOW + Duration::from_secs(10),
                lately: Default::default(),
            };
            memory.put(
                token,
                Believed {
                    until: holder.ends,
                    bearing: Bearing::Issued(Arc::new(holder)),
                    by: By::Issuer(issuer.clone(), issuer.epoch()),
                    tenants: [(TENANT, epoch)].into(),
                    begins: NOW,
                },
            );
        };
        let is_known = |now| memory.get(&token, now, &tenants).is_some();
        let epoch = || tenants.by_id(TENANT).unwrap().epoch();
        keep(epoch());
        assert!(is_known(NOW) && is_known(NOW + Duration::from_secs(9)));
        assert!(!is_known(NOW + Duration::from_secs(10)), "its time is over");
        assert!(!is_known(NOW - Duration::from_secs(1)), "a clock that went back");
        tenants.touch(TENANT);
        assert!(!is_known(NOW), "its tenant changed");
        keep(epoch());
        issuers.set(vec![spec("x")], MacKey::new(b"names"));
        assert!(is_known(NOW), "nothing changed about the issuer");
        issuers.set(vec![spec("y")], MacKey::new(b"names"));
        assert!(!is_known(NOW), "its rules are others");
    }
}
