//! Believing a token, or saying why not.

use super::{Algorithm, Claims, JwkSet, TokenError, key_set::Key};
use crate::json;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Moment;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use serde_json::{Map, Value};
use std::time::Duration;

const TOKEN_LIMIT: usize = 16 * 1024;

/// What a token must say to be believed.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// `iss`, exactly.
    pub issuer: &'a str,
    /// Must be among `aud`, and be the `azp` if there is one.
    pub audience: &'a str,
    /// What kind of token.
    pub typ: Typ,
}

/// The kind of a token, by its header `typ`: what keeps a token of one kind from passing for another
/// (RFC 8725 section 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ {
    /// An older kind, which says `JWT` or nothing: ID tokens.
    Plain,
    /// A kind with a name of its own, such as `at+jwt`. It must name its key too; only the older kind may
    /// leave that out.
    Named(&'static str),
}

/// Believes `token`, or says why not. `leeway` is how far the issuer's clock may differ from ours.
///
/// # Errors
/// As [`TokenError`] says; [`TokenError::UnknownKey`] asks for fresh keys.
pub fn verify(
    token: &str,
    keys: &JwkSet,
    expect: &Expect<'_>,
    now: Moment,
    leeway: Duration,
) -> Result<Claims, TokenError> {
    let parts = Parts::of(token)?;
    let header = Header::read(&parts.header)?;
    if header.kid.is_none() && expect.typ != Typ::Plain {
        return Err(TokenError::Malformed("it does not name its key"));
    }
    let key = keys.select(header.algorithm, header.kid.as_deref())?;
    check_signature(key, header.algorithm, &parts)?;
    if !expect.typ.is(header.typ.as_deref()) {
        return Err(TokenError::Type);
    }
    let members =
        json::object(&parts.payload).ok_or(TokenError::Malformed("the claims are not plain JSON"))?;
    let claims = Claims::new(header.algorithm, members);
    check_issuer(&claims, expect)?;
    check_audience(&claims, expect)?;
    check_time(&claims, now, leeway)?;
    Ok(claims)
}

/// Believes an ID token of our own that an application brings back as a hint, whether or not its time is over (OpenID
/// Connect RP-Initiated Logout 1.0 section 2).
///
/// # Errors
/// As [`TokenError`] says.
pub fn verify_whenever(token: &str, keys: &JwkSet, issuer: &str) -> Result<Claims, TokenError> {
    let parts = Parts::of(token)?;
    let header = Header::read(&parts.header)?;
    let key = keys.select(header.algorithm, header.kid.as_deref())?;
    check_signature(key, header.algorithm, &parts)?;
    if !Typ::Plain.is(header.typ.as_deref()) {
        return Err(TokenError::Type);
    }
    let members =
        json::object(&parts.payload).ok_or(TokenError::Malformed("the claims are not plain JSON"))?;
    let claims = Claims::new(header.algorithm, members);
    if claims.text("iss") == Some(issuer) { Ok(claims) } else { Err(TokenError::Issuer) }
}

/// The three parts of a compact token, decoded. The decoder refuses padding, foreign letters and bits
/// left over, so that no two texts are the same token.
pub(super) struct Parts<'a> {
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    signature: Vec<u8>,
    signed: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_LIMIT {
            return Err(TokenError::Malformed("it is longer than 16 KiB"));
        }
        let three = || {
            let (signed, signature) = token.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            Some((header, payload, signature, signed))
        };
        let (header, payload, signature, signed) =
            three().ok_or(TokenError::Malformed("it has not three parts"))?;
        let decode = |part: &str| {
            BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed("a part is not base64url"))
        };
        Ok(Parts {
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
            signed,
        })
    }
}

pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, TokenError> {
        let mut members = json::object(bytes).ok_or(TokenError::Malformed("the header is not plain JSON"))?;
        // Whatever is critical we would have to understand, and we understand no extension
        // (RFC 7515 section 4.1.11).
        if members.contains_key("crit") {
            return Err(TokenError::Malformed("the header asks for extensions"));
        }
        let algorithm = text(&mut members, "alg")?.ok_or(TokenError::Algorithm)?;
        let algorithm = Algorithm::named(&algorithm).ok_or(TokenError::Algorithm)?;
        Ok(Header { algorithm, kid: text(&mut members, "kid")?, typ: text(&mut members, "typ")? })
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, TokenError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Malformed("a member of the header is not a text")),
    }
}

/// A type as it is compared: letters' case does not matter, and `application/` may stand before (RFC 7515
/// section 4.1.9).
pub(super) fn short_typ(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
}

impl Typ {
    fn is(self, typ: Option<&str>) -> bool {
        let short = typ.map(short_typ);
        match self {
            Typ::Plain => short.as_deref().is_none_or(|typ| typ == "jwt"),
            Typ::Named(name) => short.as_deref() == Some(name),
        }
    }
}

pub(super) fn check_signature(key: &Key, algorithm: Algorithm, parts: &Parts<'_>) -> Result<(), TokenError> {
    check_bytes(key, algorithm, parts.signed.as_bytes(), &parts.signature)
}

/// Whether `signature` is this key's over `signed`.
pub(super) fn check_bytes(
    key: &Key,
    algorithm: Algorithm,
    signed: &[u8],
    signature: &Vec<u8>,
) -> Result<(), TokenError> {
    // The library looks once more whether the key is of the algorithm's family.
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm.library(), &key.decoding)
        .map_err(|_| TokenError::Algorithm)?;
    verifier.verify(signed, signature).map_err(|_| TokenError::Signature)
}

fn check_issuer(claims: &Claims, expect: &Expect<'_>) -> Result<(), TokenError> {
    if claims.text("iss") == Some(expect.issuer) { Ok(()) } else { Err(TokenError::Issuer) }
}

/// We must be among the audiences; where there are several, `azp` must say that it was us who asked,
/// and where it stands it must say so in any case (OIDC Core 3.1.3.7, points 3 to 5).
fn check_audience(claims: &Claims, expect: &Expect<'_>) -> Result<(), TokenError> {
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == expect.audience => false,
        Some(Value::Array(all)) if all.iter().any(|one| one == expect.audience) => all.len() > 1,
        _ => return Err(TokenError::Audience),
    };
    match claims.get("azp") {
        None if !several => Ok(()),
        Some(Value::String(party)) if party == expect.audience => Ok(()),
        _ => Err(TokenError::Audience),
    }
}

pub(super) fn check_time(claims: &Claims, now: Moment, leeway: Duration) -> Result<(), TokenError> {
    let ends = claims.moment("exp")?.ok_or(TokenError::Malformed("it does not say when it ends"))?;
    let begins = [claims.moment("nbf")?, claims.moment("iat")?];
    if now >= ends + leeway {
        return Err(TokenError::Expired);
    }
    if begins.into_iter().flatten().any(|begin| begin > now + leeway) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}
