//! What a request presents: a session's cookie or an API key, and exactly one of them. A key is read from
//! `Authorization: Bearer` and from the route's own header, never from the address.

use crate::{
    gateway::Gateway,
    peer::Peer,
    problem,
    refuse::No,
    route::{CredentialKind, Route},
};
use access::{KeyHolder, PresentedKey, Refusal, Stop, TenantRecord};
use domain::{ApiKeyKind, ApiKeyText, Moment, SignedKey, digest::MacKey};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use std::sync::Arc;
use web::{Limited, limit::Counted};

/// A secret that signed keys may have been made under, and until when it is believed.
pub type KeySecrets = Vec<(MacKey, Moment)>;

/// What stands where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands<'r> {
    Nothing,
    /// A text that claims to be a key of ours, or that stands where nothing else may.
    One(&'r str),
    /// One that cannot be any key.
    Unreadable,
    Several,
}

impl<'r> Stands<'r> {
    fn with(self, next: Stands<'r>) -> Self {
        match (self, next) {
            (Stands::Nothing, other) | (other, Stands::Nothing) => other,
            _ => Stands::Several,
        }
    }
}

/// The API key that a request presents, if it presents one where this route takes them.
pub(crate) fn key_on<'r>(headers: &'r HeaderMap, route: &Route) -> Result<Option<ApiKeyText<'r>>, No> {
    let takes = route.takes(CredentialKind::ApiKey);
    let bearers = headers.get_all(AUTHORIZATION).iter().map(bearer);
    let named = headers.get_all(&route.key_header).iter().map(|value| named(value, takes));
    let text = match bearers.chain(named).fold(Stands::Nothing, Stands::with) {
        Stands::Nothing => return Ok(None),
        _ if !takes && route.takes(CredentialKind::Token) => return Err(No::because(problem::KEY_EXCHANGE)),
        _ if !takes => return Err(No::because(problem::CREDENTIAL_KIND)),
        Stands::Several => return Err(No::because(problem::SEVERAL_CREDENTIALS)),
        Stands::Unreadable => return Err(No::because(problem::KEY_REFUSED)),
        Stands::One(text) => text,
    };
    ApiKeyText::parse(text).map(Some).ok_or(No::because(problem::KEY_REFUSED))
}

/// A key in `Authorization`. What does not look like one of ours is the application's own affair.
fn bearer(value: &HeaderValue) -> Stands<'_> {
    let mut words = value.as_bytes().split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    if !words.clone().any(|word| ApiKeyKind::claimed_by(word).is_some()) {
        return Stands::Nothing;
    }
    match (words.next(), words.next().map(std::str::from_utf8), words.next()) {
        (Some(scheme), Some(Ok(text)), None) if scheme.eq_ignore_ascii_case(b"bearer") => Stands::One(text),
        _ => Stands::Unreadable,
    }
}

/// A key in the route's own header. Where no keys are taken, what does not look like one of ours is the
/// application's own affair there as well.
fn named(value: &HeaderValue, takes: bool) -> Stands<'_> {
    let text = value.as_bytes().trim_ascii();
    match std::str::from_utf8(text) {
        _ if !takes && ApiKeyKind::claimed_by(text).is_none() => Stands::Nothing,
        Ok(text) => Stands::One(text),
        Err(_) => Stands::Unreadable,
    }
}

impl Gateway {
    /// The key as the warden takes it. A signed one that we did not sign is no key.
    pub(crate) fn present(&self, text: ApiKeyText<'_>) -> Result<PresentedKey, Refusal> {
        let says = match text.kind() {
            ApiKeyKind::Random => None,
            ApiKeyKind::Signed => {
                let (secrets, now) = (self.0.key_secrets.load(), self.0.needs.clock.now());
                let live = secrets.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
                Some(Arc::new(SignedKey::read(text, live).ok_or(Refusal::KeyRefused)?))
            }
        };
        Ok(PresentedKey { digest: text.digest(), says })
    }

    /// Whose key it is. Whoever guesses is stopped before the database hears of the next guess.
    pub(crate) async fn holder(&self, key: &PresentedKey, peer: &Peer) -> Result<Arc<KeyHolder>, No> {
        let warden = &self.0.needs.warden;
        match warden.holder_now(key) {
            Ok(holder) => return Ok(holder),
            Err(Stop::Refused(refusal)) => return Err(refusal.into()),
            Err(Stop::Load(_)) => {}
        }
        let who = Counted::Address(peer.ip);
        if !self.0.guesses.has_left(Limited::KeyGuess, who) {
            return Err(No::because(problem::GUESSING));
        }
        let found = warden.holder(key).await;
        if found == Err(Refusal::KeyRefused) {
            // That this was the last one is told with the next.
            let _ = self.0.guesses.check(Limited::KeyGuess, who);
        }
        found.map_err(No::from)
    }
}

/// Whether this key, or the token that it was exchanged for, may be used from there, for this route.
pub(crate) fn check_key(
    holder: &KeyHolder,
    tenant: &TenantRecord,
    route: &Route,
    peer: &Peer,
) -> Result<(), No> {
    if tenant.exchanges_keys && !holder.by_token() {
        return Err(No::because(problem::KEY_EXCHANGE));
    }
    if !holder.may_come_from(peer.ip) {
        return Err(No::because(problem::KEY_NETWORK));
    }
    match route.scopes.iter().find(|scope| !holder.has(scope)) {
        Some(missing) => Err(No::with(problem::SCOPE_MISSING, format!("The scope `{missing}` is missing."))),
        None => Ok(()),
    }
}
