//! Access tokens of our own, which API keys were exchanged for or applications were given: believed by the keys that this node publishes itself.
//! Whether the key or the grant behind one still stands is the warden's question, on every request.

use super::{
    judge::Unbelieved,
    memory::{Bearing, Believed, By},
};
use crate::{context::Signing, gateway::Gateway, onlook::Onlooker};
use access::{ExchangedToken, GrantedToken};
use arc_swap::ArcSwap;
use domain::Moment;
use protocol::{JwkSet, access_token::AccessToken, application_token::ApplicationToken, jose::Bearer};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// How they are believed.
pub(crate) struct OwnTokens(ArcSwap<Own>);

/// Our own name as an issuer, and the keys.
pub(crate) struct Own {
    issuer: Arc<str>,
    keys: JwkSet,
    /// Whether others have taken the place of these.
    retired: AtomicBool,
}

impl Own {
    fn of(signing: &Signing) -> Self {
        let (issuer, keys) = (signing.issuer.clone(), signing.published.clone());
        Own { issuer, keys, retired: AtomicBool::new(false) }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Relaxed)
    }
}

impl OwnTokens {
    pub(crate) fn of(signing: &Signing) -> Self {
        OwnTokens(ArcSwap::from_pointee(Own::of(signing)))
    }

    pub(crate) fn set(&self, signing: &Signing) {
        self.0.swap(Arc::new(Own::of(signing))).retired.store(true, Relaxed);
    }

    /// Our own name.
    pub(crate) fn issuer(&self) -> Arc<str> {
        self.0.load().issuer.clone()
    }

    /// The keys, if this is our own name.
    pub(super) fn named(&self, issuer: &str) -> Option<Arc<Own>> {
        let own = self.0.load();
        (&*own.issuer == issuer).then(|| own.clone())
    }
}

impl Gateway {
    pub(super) fn judge_own(
        &self,
        bearer: Bearer<'_>,
        own: Arc<Own>,
        onlooker: &mut impl Onlooker,
    ) -> Result<Believed, Unbelieved> {
        if ApplicationToken::is_one(&bearer) {
            return self.judge_granted(bearer, own, onlooker);
        }
        onlooker.passed("issuer", || "our own: an API key was exchanged for it".to_owned());
        let now = self.0.needs.clock.now();
        let token = AccessToken::verify(bearer, &own.keys, &own.issuer, now).map_err(Unbelieved::Token)?;
        onlooker.passed("token", || "signed by us, for this service, and within its time".to_owned());
        let tenant = self.0.needs.warden.tenants().by_id(token.tenant).ok_or(Unbelieved::Foreign)?;
        onlooker.passed("tenant", || format!("good at {}", tenant.record.slug));
        onlooker.passed("scopes", || {
            let scopes: Vec<_> = token.scopes.iter().map(AsRef::as_ref).collect();
            format!("it says {}", if scopes.is_empty() { "none".into() } else { scopes.join(", ") })
        });
        let until = token.ends;
        let exchanged = ExchangedToken::new(token.key_hash, token.tenant, token.scopes, token.ends);
        let bearing = Bearing::Exchanged(Arc::new(exchanged));
        // What is known about the key is asked for anew whenever its tenant changes, so the token need not be.
        Ok(Believed { bearing, by: By::Us(own), tenants: [].into(), begins: Moment::NEVER, until })
    }

    fn judge_granted(
        &self,
        bearer: Bearer<'_>,
        own: Arc<Own>,
        onlooker: &mut impl Onlooker,
    ) -> Result<Believed, Unbelieved> {
        onlooker.passed("issuer", || "our own: an application was given it".to_owned());
        let now = self.0.needs.clock.now();
        let token =
            ApplicationToken::verify(bearer, &own.keys, &own.issuer, now).map_err(Unbelieved::Token)?;
        onlooker.passed("token", || format!("signed by us, for {}, and within its time", token.audience));
        let tenant = self.0.needs.warden.tenants().by_id(token.tenant).ok_or(Unbelieved::Foreign)?;
        onlooker.passed("tenant", || format!("good at {}", tenant.record.slug));
        let mut scopes = token.scopes.clone();
        scopes.sort_unstable();
        onlooker.passed("scopes", || {
            let scopes: Vec<_> = scopes.iter().map(AsRef::as_ref).collect();
            format!("it says {}", if scopes.is_empty() { "none".into() } else { scopes.join(", ") })
        });
        let until = token.ends;
        let granted = GrantedToken {
            jkt: token.jkt().map(Into::into),
            x5t: token.x5t().map(Into::into),
            grant: token.grant,
            tenant: token.tenant,
            application: token.application,
            audience: token.audience.into(),
            scopes: scopes.into(),
            ends: token.ends,
        };
        let bearing = Bearing::Granted(Arc::new(granted));
        Ok(Believed { bearing, by: By::Us(own), tenants: [].into(), begins: Moment::NEVER, until })
    }
}
