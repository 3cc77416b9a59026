//! Who signed in (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).

use super::Issuer;
use crate::{
    IdentityClaims,
    identity::is_subject,
    jose::{Claims, Expect, JwkSet, TokenError, Typ, verify},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Moment, Secret};
use serde_json::Value;
use std::time::Duration;

/// What the ID token of one sign-in must say.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenExpect<'a> {
    /// The connection's issuer.
    pub issuer: &'a Issuer,
    /// Who we are at the provider.
    pub client_id: &'a str,
    /// The nonce of the pending sign-in.
    pub nonce: &'a Secret<String>,
    /// The access token that came along.
    pub access_token: Option<&'a Secret<String>>,
    /// How old the sign-in at the provider may be, if that was asked for.
    pub max_age: Option<Duration>,
}

/// Believes an ID token, or says why not.
///
/// # Errors
/// As [`TokenError`] says; [`TokenError::UnknownKey`] asks for fresh keys.
pub fn validate_id_token(
    token: &str,
    keys: &JwkSet,
    expect: &IdTokenExpect<'_>,
    now: Moment,
    leeway: Duration,
) -> Result<IdentityClaims, TokenError> {
    let wanted = Expect { issuer: expect.issuer.as_str(), audience: expect.client_id, typ: Typ::Plain };
    let claims = verify(token, keys, &wanted, now, leeway)?;
    claims.moment("iat")?.ok_or(TokenError::Malformed("it does not say when it was made"))?;
    check_nonce(&claims, expect.nonce)?;
    check_access_token(&claims, expect.access_token)?;
    check_age(&claims, expect.max_age, now, leeway)?;
    identity(claims)
}

fn check_nonce(claims: &Claims, nonce: &Secret<String>) -> Result<(), TokenError> {
    let given = claims.text("nonce").ok_or(TokenError::Nonce)?;
    if Secret::new(given) == Secret::new(nonce.reveal().as_str()) { Ok(()) } else { Err(TokenError::Nonce) }
}

/// `at_hash` is optional in the code flow; where it stands it must be right (OIDC Core 3.1.3.8).
fn check_access_token(claims: &Claims, access_token: Option<&Secret<String>>) -> Result<(), TokenError> {
    let (Some(given), Some(access_token)) = (claims.get("at_hash"), access_token) else {
        return Ok(());
    };
    let hash = claims.algorithm().hash(access_token.reveal().as_bytes());
    let half = BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]);
    if *given == half { Ok(()) } else { Err(TokenError::AccessToken) }
}

/// Who asks for a recent sign-in must be told when it was (OIDC Core 3.1.3.7, point 13).
fn check_age(
    claims: &Claims,
    max_age: Option<Duration>,
    now: Moment,
    leeway: Duration,
) -> Result<(), TokenError> {
    let Some(max_age) = max_age else { return Ok(()) };
    let signed_in = claims.moment("auth_time")?.ok_or(TokenError::Stale)?;
    if now > signed_in + max_age + leeway { Err(TokenError::Stale) } else { Ok(()) }
}

fn identity(claims: Claims) -> Result<IdentityClaims, TokenError> {
    let subject = claims.text("sub").filter(|text| is_subject(text)).ok_or(TokenError::Subject)?.to_owned();
    let text = |name: &str| claims.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let methods = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
    Ok(IdentityClaims {
        subject,
        name: claims.text("name").and_then(|name| name.parse().ok()),
        email: claims.text("email").and_then(|address| address.parse().ok()),
        email_verified: claims.get("email_verified") == Some(&Value::Bool(true)),
        acr: text("acr"),
        amr: methods.filter_map(|method| method.as_str().map(str::to_owned)).collect(),
        auth_time: claims.moment("auth_time")?,
        sid: text("sid"),
        raw: claims.into_members(),
    })
}
