//! Access tokens that applications get (RFC 9068): one tenant, one audience, a few minutes. The token names the grant behind
//! it, so that it ends with that.

use crate::{
    JwkSet, Signer, TokenError,
    jose::{Algorithm, Bearer, BearerExpect, Claims},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ApplicationId, Digest, GrantId, MemberId, Moment, ScopeName, TenantId, UserId};
use serde_json::{Value, json};
use std::time::Duration;

/// The type in the header.
const TYP: &str = "at+jwt";
/// How far the clocks of our own nodes may differ. What a token says of its end is not stretched by it.
const LEEWAY: Duration = Duration::from_secs(10);

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationToken {
    /// Its own id; no two have the same.
    pub id: String,
    /// The grant behind it.
    pub grant: GrantId,
    /// The tenant.
    pub tenant: TenantId,
    /// The application that it was given to.
    pub application: ApplicationId,
    /// In whose name, and as which member; none in the application's own.
    pub who: Option<(UserId, MemberId)>,
    /// Whom it is for.
    pub audience: String,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// Words of OpenID Connect that it was given for, such as `openid` and `profile`.
    pub words: Vec<String>,
    /// When and how the person proved themselves: `auth_time`, `acr`, `amr`.
    pub proof: Option<Proof>,
    /// The key that it is bound to, if it is: the value of `cnf`.
    pub bound_to: Option<Value>,
    /// Who acts, where that is not whom it is about: the value of `act`.
    pub actor: Option<Value>,
    /// When it was issued.
    pub issued: Moment,
    /// When it ends.
    pub ends: Moment,
}

/// When and how somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When.
    pub at: Moment,
    /// How well, in the provider's word.
    pub acr: Option<String>,
    /// By what.
    pub amr: Vec<String>,
}

impl Proof {
    /// Adds what it says to a token's claims.
    pub fn write(&self, claims: &mut Value) {
        claims["auth_time"] = json!(self.at.seconds());
        if let Some(acr) = &self.acr {
            claims["acr"] = json!(acr);
        }
        if !self.amr.is_empty() {
            claims["amr"] = json!(self.amr);
        }
    }
}

impl ApplicationToken {
    /// The token in the compact form.
    pub fn sign(&self, signer: &Signer, issuer: &str) -> String {
        let scopes = self.words.iter().map(String::as_str).chain(self.scopes.iter().map(AsRef::as_ref));
        let mut claims = json!({
            "iss": issuer,
            "aud": self.audience,
            "client_id": self.application,
            "iat": self.issued.seconds(),
            "exp": self.ends.seconds(),
            "jti": self.id,
            "scope": scopes.collect::<Vec<_>>().join(" "),
            "tenant": self.tenant,
            "grant": self.grant,
        });
        match &self.who {
            Some((user, member)) => {
                claims["sub"] = json!(user);
                claims["member"] = json!(member);
            }
            None => claims["sub"] = json!(self.application),
        }
        if let Some(proof) = &self.proof {
            proof.write(&mut claims);
        }
        if let Some(bound_to) = &self.bound_to {
            claims["cnf"] = bound_to.clone();
        }
        if let Some(actor) = &self.actor {
            claims["act"] = actor.clone();
        }
        signer.sign(TYP, &claims)
    }

    /// Whether a token that was read and is not believed yet says of itself that it is one of these.
    pub fn is_one(bearer: &Bearer<'_>) -> bool {
        bearer.says("grant").is_some()
    }

    /// Believes a token of our own, whomever it is for, or says why not. Whoever asks compares the audience.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub fn verify(bearer: Bearer<'_>, keys: &JwkSet, issuer: &str, now: Moment) -> Result<Self, TokenError> {
        let audience = bearer.says("aud").ok_or(STRANGE)?.to_owned();
        let expect = BearerExpect {
            issuer,
            audiences: std::slice::from_ref(&audience),
            algorithms: &[Algorithm::Es256],
            typ: Some(TYP),
        };
        let claims = bearer.verify(keys, &expect, now, LEEWAY)?;
        let token = Self::read(&claims, audience)?;
        if now >= token.ends { Err(TokenError::Expired) } else { Ok(token) }
    }

    fn read(claims: &Claims, audience: String) -> Result<Self, TokenError> {
        let text = |name: &str| claims.text(name).ok_or(STRANGE);
        let moment = |name: &str| claims.moment(name)?.ok_or(STRANGE);
        let application: ApplicationId = text("client_id")?.parse().map_err(|_| STRANGE)?;
        let subject = text("sub")?;
        let who = match claims.text("member") {
            None if subject == application.to_string() => None,
            None => return Err(STRANGE),
            Some(member) => {
                Some((subject.parse().map_err(|_| STRANGE)?, member.parse().map_err(|_| STRANGE)?))
            }
        };
        let mut scopes: Vec<ScopeName> = Vec::new();
        let mut words = Vec::new();
        for word in claims.words("scope") {
            match word.parse() {
                Ok(scope) if !WORDS.contains(&word) => scopes.push(scope),
                _ => words.push(word.to_owned()),
            }
        }
        let proof = claims.moment("auth_time")?.map(|at| Proof {
            at,
            acr: claims.text("acr").map(str::to_owned),
            amr: claims.words("amr").into_iter().map(str::to_owned).collect(),
        });
        Ok(ApplicationToken {
            id: text("jti")?.to_owned(),
            grant: text("grant")?.parse().map_err(|_| STRANGE)?,
            tenant: text("tenant")?.parse().map_err(|_| STRANGE)?,
            application,
            who,
            audience,
            scopes,
            words,
            proof,
            bound_to: claims.get("cnf").cloned(),
            actor: claims.get("act").cloned(),
            issued: moment("iat")?,
            ends: moment("exp")?,
        })
    }

    /// The JWK thumbprint of the key that it is bound to (RFC 9449 section 6.1).
    pub fn jkt(&self) -> Option<&str> {
        self.bound_to.as_ref()?.get("jkt")?.as_str()
    }

    /// SHA-256 of the certificate that it is bound to (RFC 8705 section 3.1).
    pub fn x5t(&self) -> Option<&str> {
        self.bound_to.as_ref()?.get("x5t#S256")?.as_str()
    }
}

/// What an ID token says of the access token that it comes with (OpenID Connect Core 1.0 section 3.1.3.6). Both of our
/// algorithms hash with SHA-256.
pub fn at_hash(access_token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Digest::of(access_token.as_bytes()).bytes()[..16])
}

const STRANGE: TokenError =
    TokenError::Malformed("its claims are not those of an application's token of ours");

/// What OpenID Connect and we give to everybody; never a scope of the product's API.
pub const WORDS: [&str; 5] = ["openid", "profile", "email", "roles", "offline_access"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::published_key_set;
    use domain::{Chance, SigningKey};

    const ISSUER: &str = "https://id.example.com";
    const NOW: Moment = Moment::from_seconds(1_000_000);
    const LIFE: Duration = Duration::from_secs(300);

    fn token() -> ApplicationToken {
        ApplicationToken {
            id: "one".to_owned(),
            grant: GrantId::from_bits(1),
            tenant: TenantId::from_bits(2),
            application: ApplicationId::from_bits(3),
            who: Some((UserId::from_bits(4), MemberId::from_bits(5))),
            audience: "https://api.example.com".to_owned(),
            scopes: vec!["surveys.read".parse().unwrap()],
            words: vec!["openid".to_owned()],
            proof: Some(Proof { at: NOW, acr: Some("high".to_owned()), amr: vec!["pwd".to_owned()] }),
            bound_to: Some(json!({ "jkt": "x" })),
            actor: Some(json!({ "sub": "app_x" })),
            issued: NOW,
            ends: NOW + LIFE,
        }
    }

    #[test]
    fn an_applications_token_says_what_was_put_into_it_until_it_ends() {
        let signer = Signer::new("key_1", SigningKey::generate(&Chance::system()));
        let set = published_key_set([(signer.kid(), signer.public())]).to_string();
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        for token in [token(), ApplicationToken { who: None, proof: None, ..token() }] {
            let text = token.sign(&signer, ISSUER);
            let read = |now| ApplicationToken::verify(Bearer::read(&text)?, &keys, ISSUER, now);
            assert_eq!(read(NOW).as_ref(), Ok(&token));
            assert_eq!(read(NOW + LIFE), Err(TokenError::Expired));
            assert!(ApplicationToken::is_one(&Bearer::read(&text).unwrap()));
            // What an API key is exchanged for is another kind of token, and neither passes for the other.
            let bearer = Bearer::read(&text).unwrap();
            assert!(crate::access_token::AccessToken::verify(bearer, &keys, ISSUER, NOW).is_err());
        }
    }

    #[test]
    fn a_subject_that_is_not_the_application_needs_a_member() {
        let signer = Signer::new("key_1", SigningKey::generate(&Chance::system()));
        let set = published_key_set([(signer.kid(), signer.public())]).to_string();
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let mut claims = json!({
            "iss": ISSUER, "aud": "x", "client_id": ApplicationId::from_bits(3), "sub": UserId::from_bits(4),
            "iat": NOW.seconds(), "exp": (NOW + LIFE).seconds(), "jti": "x", "scope": "",
            "tenant": TenantId::from_bits(2), "grant": GrantId::from_bits(1),
        });
        let believed = |claims: &Value| {
            let text = signer.sign(TYP, claims);
            ApplicationToken::verify(Bearer::read(&text).unwrap(), &keys, ISSUER, NOW)
        };
        assert!(believed(&claims).is_err());
        claims["sub"] = json!(ApplicationId::from_bits(3));
        assert!(believed(&claims).is_ok());
    }
}
