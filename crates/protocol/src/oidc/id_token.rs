//! Who signed in (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).

use super::Issuer;
use crate::jose::{Claims, Expect, JwkSet, TokenError, Typ, verify};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{DisplayName, EmailAddress, Moment, Secret};
use serde_json::{Map, Value};
use std::{fmt, time::Duration};

const SUBJECT_LIMIT: usize = 255;

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

/// Who signed in, as the provider says. Only the subject is certain to be there; what the provider did
/// not say is none, and nothing is made up in its place. Does not print.
#[derive(Clone, PartialEq)]
pub struct IdentityClaims {
    /// Together with the issuer, the person. Never reassigned, not meant to be read.
    pub subject: String,
    /// The name, if there is one that can be shown.
    pub name: Option<DisplayName>,
    /// The address, if there is one of the right form. Nobody is recognised by it.
    pub email: Option<EmailAddress>,
    /// Whether the provider says that it checked the address. Only a plain `true` counts.
    pub email_verified: bool,
    /// How strongly the person was authenticated, in the provider's terms.
    pub acr: Option<String>,
    /// By which methods (RFC 8176).
    pub amr: Vec<String>,
    /// When the person signed in at the provider.
    pub auth_time: Option<Moment>,
    /// The provider's name for its session, for logout.
    pub sid: Option<String>,
    /// Every claim as it came, for claim rules.
    pub raw: Map<String, Value>,
}

impl fmt::Debug for IdentityClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityClaims(…)")
    }
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
    let sound =
        |subject: &&str| (1..=SUBJECT_LIMIT).contains(&subject.len()) && !subject.contains(char::is_control);
    let subject = claims.text("sub").filter(sound).ok_or(TokenError::Subject)?.to_owned();
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
