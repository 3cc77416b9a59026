//! Between the operator's room, which registers issuers of bearer tokens, and the gateway, which believes them.

use control::issuer::{Judge, KeyStanding, Loaded, TokenStep};
use domain::IssuerId;
use gateway::{Gateway, IssuerSpec};
use std::sync::Arc;

struct ByGateway(Gateway);

/// Tokens are judged by this gateway.
pub fn judge(gateway: &Gateway) -> Arc<dyn Judge> {
    Arc::new(ByGateway(gateway.clone()))
}

/// An issuer as the gateway takes it.
pub fn spec(loaded: Loaded) -> IssuerSpec {
    let Loaded { id, rules, users } = loaded;
    IssuerSpec { id, rules, users }
}

impl Judge for ByGateway {
    fn explain(&self, token: &str) -> Vec<TokenStep> {
        let steps = self.0.explain_token(token).into_iter();
        steps
            .map(|step| TokenStep { step: step.step.to_owned(), passed: step.passed, how: step.how })
            .collect()
    }

    fn standing(&self, issuer: IssuerId) -> KeyStanding {
        let found = self.0.issuers().into_iter().find(|standing| standing.id == issuer);
        found.map_or_else(KeyStanding::default, |standing| KeyStanding {
            usable: standing.keys,
            fetched: standing.fetched,
            until: standing.until,
            failure: standing.failure,
        })
    }
}
