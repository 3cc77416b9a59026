//! Whether an issuer's rules make sense.

use super::IssuerError;
use domain::{BoundTo, IssuerRules, TenantFrom, issuer::MOST};
use url::Url;
use web::Hosts;

const MOST_TEXT: usize = 500;
/// Claims that say something else than who somebody is or whose they are.
const NOT_NAMES: [&str; 8] = ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce", "scope"];

pub(super) fn check(rules: &IssuerRules, hosts: &Hosts) -> Result<(), IssuerError> {
    let wrong = |place, what: &str| Err(IssuerError::Rule(place, what.to_owned()));
    let issuer = address(&rules.issuer, hosts.development);
    if issuer.is_none_or(|issuer| issuer.query().is_some()) {
        return wrong("issuer", "the issuer is an https address without query and fragment");
    }
    if rules.issuer.trim_end_matches('/') == hosts.id.origin() {
        return wrong(
            "issuer",
            "what this installation signs itself is for its backends, and is no bearer token",
        );
    }
    if rules.jwks_uri.as_ref().is_some_and(|uri| address(uri, hosts.development).is_none()) {
        return wrong("jwks_uri", "the keys lie at an https address");
    }
    let sound = |text: &String| !text.is_empty() && text.len() <= MOST_TEXT;
    if rules.audiences.is_empty() || rules.audiences.len() > MOST || !rules.audiences.iter().all(sound) {
        return wrong("audiences", "name at least one audience, each of at most 500 characters");
    }
    if rules.algorithms.is_empty() {
        return wrong("algorithms", "name at least one of RS256, PS256, ES256 and EdDSA");
    }
    if rules.typ.as_ref().is_some_and(|typ| !sound(typ)) {
        return wrong("typ", "a type is a short word such as at+jwt");
    }
    let (place, claim) = match &rules.tenant_from {
        TenantFrom::Claim(claim) => ("tenant_claim", claim),
        TenantFrom::Users(claim) => ("user_claim", claim),
    };
    if !is_claim(claim) || NOT_NAMES.contains(&claim.as_str()) {
        return wrong(place, "this claim names neither a tenant nor a user");
    }
    if !is_claim(&rules.scope_claim) {
        return wrong("scope_claim", "a claim has a short name");
    }
    if rules.aliases.len() > MOST || rules.aliases.keys().any(|alias| !sound(alias)) {
        return wrong("aliases", "there may be 500 aliases, each of at most 500 characters");
    }
    match &rules.tenants {
        BoundTo::These(tenants) if tenants.is_empty() || tenants.len() > MOST => {
            wrong("tenants", "name the tenants that it may speak for, or say that these are all")
        }
        _ => Ok(()),
    }
}

fn is_claim(name: &str) -> bool {
    !name.is_empty() && name.len() <= MOST_TEXT && !name.chars().any(char::is_control)
}

/// An address that may be called: what lies behind it is the outgoing client's concern.
fn address(text: &str, development: bool) -> Option<Url> {
    if text.len() > MOST_TEXT || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let scheme = url.scheme() == "https" || (development && url.scheme() == "http");
    let plain =
        url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (scheme && plain).then_some(url)
}
