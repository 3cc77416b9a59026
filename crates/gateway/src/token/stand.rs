//! Where a bearer token stands in a request: in `Authorization`, once, and nowhere else (RFC 6750 section 2.1).

use super::{Issuers, OwnTokens};
use crate::{
    problem,
    refuse::No,
    route::{CredentialKind, Route},
};
use access::{GrantHolder, TokenHolder};
use domain::ApiKeyKind;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use protocol::{access_token::audience, jose::Bearer};

impl Issuers {
    /// The bearer token that a request presents, if it presents one where this route takes them. Where it takes none,
    /// a token of our own or of a registered issuer is refused, and any other is the application's own affair.
    pub(crate) fn token_on<'r>(
        &self,
        own: &OwnTokens,
        headers: &'r HeaderMap,
        route: &Route,
    ) -> Result<Option<&'r str>, No> {
        let takes = route.takes(CredentialKind::Token);
        if !takes && !headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        let mut found = headers.get_all(AUTHORIZATION).iter().filter_map(standing);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(Ok(text)), None) if takes => Ok(Some(text)),
            (Some(Err(Unreadable)), None) if takes => Err(No::because(problem::BEARER_REFUSED)),
            (Some(_), Some(_)) if takes => Err(No::because(problem::SEVERAL_CREDENTIALS)),
            (Some(first), second) => {
                let texts = [Some(first), second];
                let is_ours = texts.into_iter().flatten().flatten().any(|text| self.is_ours(own, text));
                if is_ours { Err(No::because(problem::CREDENTIAL_KIND)) } else { Ok(None) }
            }
        }
    }

    /// Whether a text claims to be a token of our own or of a registered issuer.
    fn is_ours(&self, own: &OwnTokens, text: &str) -> bool {
        let is_known = |name: &str| own.named(name).is_some() || self.named(name).is_some();
        Bearer::read(text).is_ok_and(|bearer| bearer.issuer().is_some_and(is_known))
    }
}

/// A bearer that cannot be any token.
struct Unreadable;

/// What stands there as a bearer, unless it claims to be an API key.
fn standing(value: &HeaderValue) -> Option<Result<&str, Unreadable>> {
    let mut words = value.as_bytes().split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    if words.clone().any(|word| ApiKeyKind::claimed_by(word).is_some()) {
        return None;
    }
    let scheme = words.next()?;
    if !scheme.eq_ignore_ascii_case(b"bearer") && !scheme.eq_ignore_ascii_case(b"dpop") {
        return None;
    }
    match (words.next().map(std::str::from_utf8), words.next()) {
        (Some(Ok(text)), None) => Some(Ok(text)),
        _ => Some(Err(Unreadable)),
    }
}

/// Whether this token is good for this route.
pub(crate) fn check_token(holder: &TokenHolder, route: &Route) -> Result<(), No> {
    match route.scopes.iter().find(|scope| !holder.has(scope)) {
        Some(missing) => Err(No::with(problem::SCOPE_MISSING, format!("The scope `{missing}` is missing."))),
        None => Ok(()),
    }
}

/// Whether an application's token is good for this route: for whom it is, and for what.
pub(crate) fn check_granted(holder: &GrantHolder, route: &Route, issuer: &str) -> Result<(), No> {
    let token = &holder.token;
    let is_for_it = match &route.resource {
        Some(resource) => token.audience == *resource,
        None => *token.audience == *audience(issuer, token.tenant),
    };
    if !is_for_it {
        return Err(No::because(problem::BEARER_AUDIENCE));
    }
    match route.scopes.iter().find(|scope| !holder.has(scope)) {
        Some(missing) => Err(No::with(problem::SCOPE_MISSING, format!("The scope `{missing}` is missing."))),
        None => Ok(()),
    }
}
