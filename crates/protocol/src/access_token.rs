//! Access tokens of our own (RFC 9068): what an API key is exchanged for. One tenant, one audience, a few minutes. The
//! token names the key that it was exchanged for, so that it ends with that.

use crate::{
    JwkSet, Signer, TokenError,
    jose::{Algorithm, Bearer, BearerExpect},
};
use domain::{ApiKeyId, Digest, Moment, RequestId, ScopeName, SubscriberId, TenantId};
use serde_json::json;
use std::time::Duration;

/// The type in the header.
const TYP: &str = "at+jwt";
/// How far the clocks of our own nodes may differ. What a token says of its end is not stretched by it.
const LEEWAY: Duration = Duration::from_secs(10);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The request by which it was issued; no two have the same.
    pub id: RequestId,
    /// The tenant.
    pub tenant: TenantId,
    /// Who calls with it.
    pub subscriber: SubscriberId,
    /// The key that it was exchanged for.
    pub key: ApiKeyId,
    /// The hash of that key's text.
    pub key_hash: Digest,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// When it was issued.
    pub issued: Moment,
    /// When it ends.
    pub ends: Moment,
}

/// Whom a token is for: a tenant's part of the application (RFC 8707). Holds the tenant's id, never a name that may
/// change. `issuer` is the public URL of `id.`.
pub fn audience(issuer: &str, tenant: TenantId) -> String {
    format!("{issuer}/t/{tenant}")
}

impl AccessToken {
    /// The token in the compact form.
    pub fn sign(&self, signer: &Signer, issuer: &str) -> String {
        let scopes: Vec<&str> = self.scopes.iter().map(AsRef::as_ref).collect();
        let claims = json!({
            "iss": issuer,
            "aud": audience(issuer, self.tenant),
            "sub": self.subscriber,
            "client_id": self.subscriber,
            "iat": self.issued.seconds(),
            "exp": self.ends.seconds(),
            "jti": self.id,
            "scope": scopes.join(" "),
            "tenant": self.tenant,
            "key": self.key,
            "key_hash": self.key_hash.to_string(),
        });
        signer.sign(TYP, &claims)
    }

    /// Believes a token of our own, or says why not.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub fn verify(bearer: Bearer<'_>, keys: &JwkSet, issuer: &str, now: Moment) -> Result<Self, TokenError> {
        const STRANGE: TokenError =
            TokenError::Malformed("its claims are not those of an access token of ours");
        let tenant: TenantId = bearer.says("tenant").and_then(|id| id.parse().ok()).ok_or(STRANGE)?;
        let expect = BearerExpect {
            issuer,
            audiences: &[audience(issuer, tenant)],
            algorithms: &[Algorithm::Es256],
            typ: Some(TYP),
        };
        let claims = bearer.verify(keys, &expect, now, LEEWAY)?;
        let moment = |name: &str| claims.moment(name)?.ok_or(STRANGE);
        let (issued, ends) = (moment("iat")?, moment("exp")?);
        if now >= ends {
            return Err(TokenError::Expired);
        }
        let text = |name: &str| claims.text(name).ok_or(STRANGE);
        let scopes = claims.words("scope").into_iter().map(|word| word.parse().map_err(|_| STRANGE));
        Ok(AccessToken {
            id: text("jti")?.parse().map_err(|_| STRANGE)?,
            tenant,
            subscriber: text("sub")?.parse().map_err(|_| STRANGE)?,
            key: text("key")?.parse().map_err(|_| STRANGE)?,
            key_hash: Digest::parse(text("key_hash")?).ok_or(STRANGE)?,
            scopes: scopes.collect::<Result<_, _>>()?,
            issued,
            ends,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::{Context, ContextTenant, Parties},
        jose::published_key_set,
    };
    use domain::{Chance, DeploymentId, SigningKey};

    const ISSUER: &str = "https://id.example.com";
    const NOW: Moment = Moment::from_seconds(1_000_000);
    const LIFE: Duration = Duration::from_secs(300);

    fn signer(kid: &str) -> Signer {
        Signer::new(kid, SigningKey::generate(&Chance::system()))
    }

    fn published(signer: &Signer) -> JwkSet {
        let set = published_key_set([(signer.kid(), signer.public())]).to_string();
        JwkSet::parse(set.as_bytes()).unwrap()
    }

    fn token() -> AccessToken {
        AccessToken {
            id: RequestId::from_bits(1),
            tenant: TenantId::from_bits(2),
            subscriber: SubscriberId::from_bits(3),
            key: ApiKeyId::from_bits(4),
            key_hash: Digest::of(b"key"),
            scopes: vec!["a.read".parse().unwrap(), "a.write".parse().unwrap()],
            issued: NOW,
            ends: NOW + LIFE,
        }
    }

    fn believed(text: &str, keys: &JwkSet, now: Moment) -> Result<AccessToken, TokenError> {
        AccessToken::verify(Bearer::read(text)?, keys, ISSUER, now)
    }

    #[test]
    fn a_token_says_what_was_put_into_it_until_it_ends() {
        let signer = signer("key_1");
        let (text, keys) = (token().sign(&signer, ISSUER), published(&signer));
        assert_eq!(believed(&text, &keys, NOW), Ok(token()));
        assert_eq!(believed(&text, &keys, NOW + LIFE - Duration::from_secs(1)), Ok(token()));
        assert_eq!(believed(&text, &keys, NOW + LIFE), Err(TokenError::Expired), "not a second more");
        assert_eq!(believed(&text, &keys, NOW - Duration::from_secs(60)), Err(TokenError::NotYet));
    }

    #[test]
    fn a_token_altered_of_another_key_or_another_kind_is_none() {
        let signer = signer("key_1");
        let (text, keys) = (token().sign(&signer, ISSUER), published(&signer));
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(believed(&altered, &keys, NOW).is_err(), "byte {at}");
        }
        let forged = token().sign(&self::signer("key_1"), ISSUER);
        assert_eq!(believed(&forged, &keys, NOW), Err(TokenError::Signature));
        let foreign = token().sign(&signer, "https://id.example.org");
        assert!(believed(&foreign, &keys, NOW).is_err(), "another installation");
        // What a backend is told is signed with the same key, and is no token for us.
        let name = "acme".to_owned();
        let tenant = ContextTenant { id: TenantId::from_bits(2), slug: name.clone(), name };
        let parties = Parties { issuer: ISSUER, audience: DeploymentId::from_bits(1) };
        let context = Context { tenant, caller: None }.sign(&signer, &parties, NOW, LIFE);
        assert!(believed(&context, &keys, NOW).is_err());
        // Nor is ours one for a backend.
        assert!(Context::verify(&text, &keys, &parties, NOW, LIFE).is_err());
    }
}
