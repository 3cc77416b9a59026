//! Bearer tokens of registered issuers, and those of our own that API keys were exchanged for: where they stand, whom
//! they are believed from, and what was believed lately. Nobody is asked while a request waits but for keys that are new, and then by somebody else: the gateway
//! says that it wants them ([`Gateway::keys_wanted`]) and goes on as soon as they are handed in.

mod bound;
mod issuers;
mod judge;
mod memory;
mod own;
mod stand;

pub use issuers::{IssuerSpec, IssuerStanding};
pub(crate) use {
    issuers::Issuers,
    memory::Tokens,
    own::OwnTokens,
    stand::{check_granted, check_token},
};

use crate::{
    gateway::Gateway,
    onlook::{Notebook, Onlooker, Step},
};
use access::{Origin, TokenHolder};
use domain::{Digest, IssuerId, Moment, TenantId, digest::MacKey};
use protocol::JwkSet;

impl Gateway {
    /// Believes tokens of these issuers from now on, and of no others. `names` makes the keyed hashes under which
    /// their users are listed.
    pub fn set_issuers(&self, specs: Vec<IssuerSpec>, names: MacKey) {
        self.0.issuers.set(specs, names);
    }

    /// The issuers, with how their keys stand.
    pub fn issuers(&self) -> Vec<IssuerStanding> {
        self.0.issuers.standings()
    }

    /// Ready when a token named a key that is not known and its issuer may be asked again.
    pub async fn keys_wanted(&self) {
        self.0.issuers.wanted().await;
    }

    /// Verifies an issuer's tokens with these keys from now on, for as long as `until` if nothing newer is heard.
    /// `mark` is the hash of the document that they came in.
    pub fn set_issuer_keys(&self, issuer: IssuerId, keys: JwkSet, mark: Digest, until: Moment) {
        self.0.issuers.learn(issuer, keys, mark, self.0.needs.clock.now(), until);
    }

    /// An issuer could not be asked; those who wait need not wait any longer.
    pub fn note_issuer_away(&self, issuer: IssuerId, why: String) {
        self.0.issuers.fail(issuer, why);
    }

    /// What becomes of a token, step by step. Nothing is counted, kept or noted.
    pub fn explain_token(&self, text: &str) -> Vec<Step> {
        let mut notebook = Notebook::default();
        let origin = Origin { request: self.request_id().0 };
        if let Err(why) = self.judge(text.trim(), origin, &mut notebook) {
            notebook.0.push(Step { step: why.step(), passed: false, how: why.to_string() });
        } else {
            notebook.passed("verdict", || "the token is believed".to_owned());
        }
        notebook.0
    }

    /// Whether a token that was believed would be so now, as far as its issuer is concerned.
    pub(crate) fn still_believes(&self, holder: &TokenHolder, tenant: TenantId) -> bool {
        self.0.issuers.still_believes(holder, tenant)
    }
}
