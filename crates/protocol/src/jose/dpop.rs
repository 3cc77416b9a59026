//! Proof that whoever shows a token has the key that it is bound to (RFC 9449). The one place where a key is taken from a
//! token: the key proves nothing but itself, and what it is worth is said by the token that names its thumbprint.

use super::{
    Claims, JwkSet, TokenError,
    verify::{Header, Parts, check_signature, short_typ},
};
use crate::json;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Digest, Moment};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::{Value, json};
use std::time::Duration;

/// The most bytes that a proof may have.
const MOST: usize = 4 * 1024;
/// How old a proof may be, and how far ahead its maker's clock.
const WINDOW: Duration = Duration::from_secs(60);

/// What a request must be for its proof to be about it.
#[derive(Clone, Copy, Debug)]
pub struct DpopExpect<'a> {
    /// The verb.
    pub method: &'a str,
    /// The address, without query and fragment.
    pub address: &'a str,
    /// The access token that goes with it.
    pub access_token: Option<&'a str>,
}

/// A proof that was believed. It is good once: whoever asks remembers [`DpopProof::mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    /// The thumbprint of the key (RFC 7638).
    pub jkt: String,
    /// What tells this proof from any other.
    pub mark: Digest,
    /// Until when it could be shown again.
    pub until: Moment,
}

impl DpopProof {
    /// Believes a proof about this request, or says why not.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub fn verify(text: &str, expect: &DpopExpect<'_>, now: Moment) -> Result<Self, TokenError> {
        if text.len() > MOST {
            return Err(TokenError::Malformed("it is longer than 4 KiB"));
        }
        let parts = Parts::of(text)?;
        let header = Header::read(&parts.header)?;
        if header.typ.as_deref().map(short_typ).as_deref() != Some("dpop+jwt") {
            return Err(TokenError::Type);
        }
        let members =
            json::object(&parts.header).ok_or(TokenError::Malformed("the header is not plain JSON"))?;
        let key = members.get("jwk").ok_or(TokenError::UnknownKey)?;
        let jkt = thumbprint(key).ok_or(TokenError::UnknownKey)?;
        let keys = JwkSet::parse(json!({ "keys": [key] }).to_string().as_bytes())
            .map_err(|_| TokenError::UnknownKey)?;
        let kid = key.get("kid").and_then(Value::as_str);
        check_signature(keys.select(header.algorithm, kid)?, header.algorithm, &parts)?;
        let members =
            json::object(&parts.payload).ok_or(TokenError::Malformed("the claims are not plain JSON"))?;
        let claims = Claims::new(header.algorithm, members);
        Self::read(&claims, jkt, expect, now)
    }

    fn read(claims: &Claims, jkt: String, expect: &DpopExpect<'_>, now: Moment) -> Result<Self, TokenError> {
        if claims.text("htm") != Some(expect.method) {
            return Err(TokenError::Audience);
        }
        let address = claims.text("htu").map(bare);
        if address != Some(bare(expect.address)) {
            return Err(TokenError::Audience);
        }
        let made = claims.moment("iat")?.ok_or(TokenError::Malformed("it does not say when it was made"))?;
        if now > made + WINDOW {
            return Err(TokenError::Expired);
        }
        if made > now + WINDOW {
            return Err(TokenError::NotYet);
        }
        if let Some(token) = expect.access_token {
            let hash = BASE64_URL_SAFE_NO_PAD.encode(Digest::of(token.as_bytes()).bytes());
            if claims.text("ath") != Some(hash.as_str()) {
                return Err(TokenError::AccessToken);
            }
        }
        let jti = claims.text("jti").filter(|jti| !jti.is_empty() && jti.len() <= 255);
        let jti = jti.ok_or(TokenError::Malformed("it has no jti"))?;
        let mark = Digest::of_parts(&[b"partywall dpop\n", jkt.as_bytes(), b"\n", jti.as_bytes()]);
        Ok(DpopProof { jkt, mark, until: made + WINDOW + WINDOW })
    }
}

/// An address without query and fragment (RFC 9449 section 4.3).
fn bare(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// The thumbprint of a public key; none for one that holds a private half, which proves nothing.
fn thumbprint(key: &Value) -> Option<String> {
    if ["d", "k", "p", "q"].iter().any(|private| key.get(private).is_some()) {
        return None;
    }
    let key: Jwk = serde_json::from_value(key.clone()).ok()?;
    key.thumbprint(ThumbprintHash::SHA256).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;
    use domain::{Chance, SigningKey};

    const NOW: Moment = Moment::from_seconds(1_000_000);
    const THERE: &str = "https://id.example.com/oauth/token";

    struct Maker {
        key: SigningKey,
    }

    impl Maker {
        fn new() -> Self {
            Maker { key: SigningKey::generate(&Chance::system()) }
        }

        fn jwk(&self) -> Value {
            let point = |half: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(half);
            let public = self.key.public();
            json!({ "kty": "EC", "crv": "P-256", "x": point(public.x()), "y": point(public.y()) })
        }

        fn proof(&self, header: Value, claims: Value) -> String {
            let mut whole = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() });
            let mut body = json!({ "htm": "POST", "htu": THERE, "iat": NOW.seconds(), "jti": "1" });
            whole.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
            body.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            let signed = format!("{}.{}", encode(&whole), encode(&body));
            let signature = BASE64_URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
            format!("{signed}.{signature}")
        }
    }

    fn expect(access_token: Option<&'static str>) -> DpopExpect<'static> {
        DpopExpect { method: "POST", address: THERE, access_token }
    }

    #[test]
    fn a_proof_is_about_its_key_its_request_and_its_token() {
        let maker = Maker::new();
        let proof = maker.proof(json!({}), json!({}));
        let believed = DpopProof::verify(&proof, &expect(None), NOW).unwrap();
        assert_eq!(believed.jkt.len(), 43);
        let ath = BASE64_URL_SAFE_NO_PAD.encode(Digest::of(b"token").bytes());
        let with = maker.proof(json!({}), json!({ "ath": ath }));
        assert!(DpopProof::verify(&with, &expect(Some("token")), NOW).is_ok());
        assert_eq!(DpopProof::verify(&proof, &expect(Some("token")), NOW), Err(TokenError::AccessToken));
        assert_eq!(DpopProof::verify(&with, &expect(Some("other")), NOW), Err(TokenError::AccessToken));
    }

    #[test]
    fn a_proof_about_anything_else_is_none() {
        let maker = Maker::new();
        let mut private = maker.jwk();
        private["d"] = json!("x");
        for (what, header, claims) in [
            ("another verb", json!({}), json!({ "htm": "GET" })),
            ("another address", json!({}), json!({ "htu": "https://elsewhere.test/oauth/token" })),
            ("too old", json!({}), json!({ "iat": NOW.seconds() - 61 })),
            ("from tomorrow", json!({}), json!({ "iat": NOW.seconds() + 61 })),
            ("no time", json!({}), json!({ "iat": null })),
            ("no jti", json!({}), json!({ "jti": "" })),
            ("another kind", json!({ "typ": "JWT" }), json!({})),
            ("another's key", json!({ "jwk": Maker::new().jwk() }), json!({})),
            ("a private key", json!({ "jwk": private }), json!({})),
            ("no key", json!({ "jwk": null }), json!({})),
            ("a shared secret", json!({ "alg": "HS256" }), json!({})),
            ("nothing", json!({ "alg": "none" }), json!({})),
        ] {
            let proof = maker.proof(header, claims);
            assert!(DpopProof::verify(&proof, &expect(None), NOW).is_err(), "{what}");
        }
        // What we sign ourselves is no proof either.
        let ours = Signer::new("k", SigningKey::generate(&Chance::system()));
        let text =
            ours.sign("dpop+jwt", &json!({ "htm": "POST", "htu": THERE, "iat": NOW.seconds(), "jti": "1" }));
        assert!(DpopProof::verify(&text, &expect(None), NOW).is_err());
    }
}
