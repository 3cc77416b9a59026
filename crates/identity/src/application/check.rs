//! Whether a registration is sound.

use super::{ApplicationError, AuthMethod, GrantType, Metadata, redirect};
use crate::Identity;
use domain::{Digest, ScopeName};
use protocol::JwkSet;
use url::Url;

/// How many addresses of a kind one application may have.
const MOST_URIS: usize = 50;
/// How many scopes.
const MOST_SCOPES: usize = 100;
const HOUR: u64 = 3_600;
const YEAR: u64 = 366 * 24 * HOUR;
/// The words that OpenID Connect and we have for what everybody may ask for.
pub(crate) const OWN_SCOPES: [&str; 5] = ["openid", "profile", "email", "roles", "offline_access"];

/// Fails with the first thing that is wrong.
pub(super) fn check(room: &Identity, metadata: &Metadata) -> Result<(), ApplicationError> {
    let wrong = |place, why: &str| Err(ApplicationError::Rule(place, why.to_owned()));
    let development = room.web.hosts.development;
    for (place, uris) in [
        ("redirect_uris", &metadata.redirect_uris),
        ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
    ] {
        if uris.len() > MOST_URIS {
            return wrong(place, "an application has at most 50 of these");
        }
        for uri in uris {
            if let Some(why) = redirect::fault_of(uri, metadata.application_type, development) {
                return wrong(place, &format!("{uri}: {why}"));
            }
        }
    }
    let has = |grant| metadata.grant_types.contains(&grant);
    if has(GrantType::AuthorizationCode) && metadata.redirect_uris.is_empty() {
        return wrong("redirect_uris", "an application that people sign in to needs one");
    }
    if metadata.grant_types.is_empty() {
        return wrong("grant_types", "an application gets tokens for something");
    }
    if has(GrantType::ClientCredentials) && metadata.token_endpoint_auth_method == AuthMethod::None {
        return wrong(
            "token_endpoint_auth_method",
            "an application that acts in its own name proves who it is",
        );
    }
    check_keys(metadata)?;
    check_addresses(metadata, development)?;
    let mut scopes = 0;
    for word in metadata.scope.split(' ').filter(|word| !word.is_empty() && !OWN_SCOPES.contains(word)) {
        let name: ScopeName = match word.parse() {
            Ok(name) => name,
            Err(_) => return wrong("scope", &format!("`{word}` is no scope")),
        };
        if !room.known_scopes.load().contains(&name) {
            return wrong("scope", &format!("`{word}` is not declared; see partywall key scope"));
        }
        scopes += 1;
    }
    if scopes > MOST_SCOPES {
        return wrong("scope", "an application asks for at most 100 scopes");
    }
    if metadata.family.as_ref().is_some_and(|family| family.is_empty() || family.chars().count() > 80) {
        return wrong("family", "a family's name has 1 to 80 letters");
    }
    if metadata.access_token_seconds.is_some_and(|life| !(60..=HOUR).contains(&life)) {
        return wrong("access_token_seconds", "an access token lives for a minute to an hour");
    }
    if metadata.refresh_token_seconds.is_some_and(|life| !(300..=YEAR).contains(&life)) {
        return wrong("refresh_token_seconds", "give five minutes to a year");
    }
    Ok(())
}

fn check_keys(metadata: &Metadata) -> Result<(), ApplicationError> {
    let wrong = |place, why: &str| Err(ApplicationError::Rule(place, why.to_owned()));
    match (metadata.token_endpoint_auth_method, &metadata.jwks, &metadata.jwks_uri) {
        (_, Some(_), Some(_)) => return wrong("jwks", "give its keys or where they lie, not both"),
        (AuthMethod::PrivateKeyJwt, None, None) => {
            return wrong("jwks", "private_key_jwt needs its public keys");
        }
        _ => {}
    }
    if let Some(jwks) = &metadata.jwks
        && let Err(error) = JwkSet::parse(jwks.to_string().as_bytes())
    {
        return wrong("jwks", &error.to_string());
    }
    let thumbprint = metadata.tls_client_certificate_thumbprint.as_deref();
    if thumbprint.is_some_and(|text| Digest::parse(text).is_none()) {
        return wrong("tls_client_certificate_thumbprint", "give SHA-256 of the certificate in base64url");
    }
    if metadata.token_endpoint_auth_method == AuthMethod::SelfSignedTlsClientAuth && thumbprint.is_none() {
        return wrong(
            "tls_client_certificate_thumbprint",
            "it proves itself by a certificate; give its hash",
        );
    }
    Ok(())
}

fn check_addresses(metadata: &Metadata, development: bool) -> Result<(), ApplicationError> {
    for (place, uri) in
        [("jwks_uri", &metadata.jwks_uri), ("backchannel_logout_uri", &metadata.backchannel_logout_uri)]
    {
        let Some(uri) = uri else { continue };
        let is_sound = Url::parse(uri).is_ok_and(|url| {
            (url.scheme() == "https" || development && url.scheme() == "http")
                && url.fragment().is_none()
                && url.username().is_empty()
        });
        if !is_sound || uri.len() > 1_000 {
            return Err(ApplicationError::Rule(place, "give an https address without a fragment".to_owned()));
        }
    }
    let Some(resource) = &metadata.resource else { return Ok(()) };
    let is_sound = Url::parse(resource).is_ok_and(|url| url.fragment().is_none());
    let is_plain = resource.len() <= 500 && resource.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_sound || !is_plain {
        let why = "a realm is an absolute URI without a fragment".to_owned();
        return Err(ApplicationError::Rule("resource", why));
    }
    Ok(())
}
