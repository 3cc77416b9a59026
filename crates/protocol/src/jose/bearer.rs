//! Bearer tokens of issuers that are registered (RFC 6750, RFC 9068): read first, to know who claims to have made
//! them, then believed by that issuer's keys and rules, or not.

use super::{
    Algorithm, Claims, JwkSet, TokenError,
    verify::{Header, Parts, check_signature, check_time, short_typ},
};
use crate::json;
use domain::Moment;
use serde_json::Value;
use std::time::Duration;

/// The most bytes that a bearer token may have.
const MOST: usize = 8 * 1024;
/// The most characters of a subject (OIDC Core section 2).
const MOST_SUBJECT: usize = 255;

/// A bearer token that was read and is not believed yet.
pub struct Bearer<'t> {
    parts: Parts<'t>,
    header: Header,
    claims: Claims,
}

/// What a token of one issuer must say.
#[derive(Clone, Copy, Debug)]
pub struct BearerExpect<'a> {
    /// `iss`, exactly.
    pub issuer: &'a str,
    /// One of these must be in `aud`.
    pub audiences: &'a [String],
    /// What it may be signed with.
    pub algorithms: &'a [Algorithm],
    /// What the header's `typ` must be; where nothing is said, none, `JWT` or `at+jwt`.
    pub typ: Option<&'a str>,
}

impl<'t> Bearer<'t> {
    /// Reads a token in the compact form.
    ///
    /// # Errors
    /// [`TokenError::Malformed`], or [`TokenError::Algorithm`] for one that is never believed.
    pub fn read(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > MOST {
            return Err(TokenError::Malformed("it is longer than 8 KiB"));
        }
        let parts = Parts::of(token)?;
        let header = Header::read(&parts.header)?;
        let members =
            json::object(&parts.payload).ok_or(TokenError::Malformed("the claims are not plain JSON"))?;
        let claims = Claims::new(header.algorithm, members);
        Ok(Bearer { parts, header, claims })
    }

    /// Who claims to have made it.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// What a claim of it says, if that is a text. Nothing is checked here.
    pub(crate) fn says(&self, name: &str) -> Option<&str> {
        self.claims.text(name)
    }

    /// What it says. Only for a token that was believed before: nothing is checked here.
    pub fn into_claims(self) -> Claims {
        self.claims
    }

    /// Believes the token, or says why not. `leeway` is how far the issuer's clock may differ from ours.
    ///
    /// # Errors
    /// As [`TokenError`] says; [`TokenError::UnknownKey`] asks for fresh keys.
    pub fn verify(
        self,
        keys: &JwkSet,
        expect: &BearerExpect<'_>,
        now: Moment,
        leeway: Duration,
    ) -> Result<Claims, TokenError> {
        let Bearer { parts, header, claims } = self;
        if !expect.algorithms.contains(&header.algorithm) {
            return Err(TokenError::Algorithm);
        }
        // What is over by its own word is not worth a signature.
        check_time(&claims, now, leeway)?;
        let key = keys.select(header.algorithm, header.kid.as_deref())?;
        check_signature(key, header.algorithm, &parts)?;
        if !is_of_type(header.typ.as_deref(), expect.typ) {
            return Err(TokenError::Type);
        }
        if claims.text("iss") != Some(expect.issuer) {
            return Err(TokenError::Issuer);
        }
        if !is_for(&claims, expect.audiences) {
            return Err(TokenError::Audience);
        }
        let subject = claims.text("sub").filter(|subject| !subject.is_empty());
        if subject.is_none_or(|subject| subject.chars().count() > MOST_SUBJECT) {
            return Err(TokenError::Subject);
        }
        Ok(claims)
    }
}

/// A token that was made for one purpose does not pass for another, even where its issuer's rules name no type
/// (RFC 8725 section 3.11).
fn is_of_type(typ: Option<&str>, expected: Option<&str>) -> bool {
    let short = typ.map(short_typ);
    match expected {
        Some(expected) => short == Some(short_typ(expected)),
        None => short.is_none_or(|typ| typ == "jwt" || typ == "at+jwt"),
    }
}

fn is_for(claims: &Claims, audiences: &[String]) -> bool {
    let is_ours = |one: &Value| one.as_str().is_some_and(|one| audiences.iter().any(|ours| ours == one));
    match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => false,
    }
}

impl Claims {
    /// The words of a claim: those of a text between spaces, or the texts of an array (RFC 8693 section 4.2, and
    /// how other issuers write `scp`).
    pub fn words(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::String(text)) => text.split(' ').filter(|word| !word.is_empty()).collect(),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
