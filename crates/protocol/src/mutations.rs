//! Small damage, many times over: nothing panics, and no altered token, proof or identity is believed.
//! The damage is the same in every run, so that a failure can be repeated.

use crate::{
    forge::{CLIENT, ED25519, ISSUER, LEEWAY, NONCE, NOW, P256, RSA, alice, key_set},
    jose::{Algorithm, Bearer, BearerExpect, Expect, JwkSet, Typ, verify},
    oidc::{Callback, Issuer, ProviderMetadata, Tokens, Transport, UserInfo},
    proof::Proven,
};
use domain::{Chance, Digest, Secret, digest::MacKey};
use serde_json::json;

/// A generator that is the same on every machine (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    /// `text` with one to three wounds.
    fn wound(&mut self, text: &[u8]) -> Vec<u8> {
        let mut wounded = text.to_vec();
        for _ in 0..=self.roll(3) {
            let place = self.roll(wounded.len().max(1)).min(wounded.len().saturating_sub(1));
            match self.roll(7) {
                _ if wounded.is_empty() => wounded.push(self.letter()),
                0 => wounded[place] = self.letter(),
                1 => wounded[place] ^= 1 << self.roll(8),
                2 => wounded.insert(place, self.letter()),
                3 => drop(wounded.remove(place)),
                4 => wounded.truncate(place),
                5 => wounded.extend_from_within(place..),
                _ => {
                    let other = self.roll(wounded.len());
                    wounded.swap(place, other);
                }
            }
        }
        wounded
    }

    fn letter(&mut self) -> u8 {
        const LETTERS: &[u8] = b"Aa0-_.=+/&%{}[]\":,\\ \n\0\xff9e";
        LETTERS[self.roll(LETTERS.len())]
    }

    /// `count` wounded texts that differ from the sound one.
    fn wounded<'a>(&'a mut self, sound: &'a [u8], count: usize) -> impl Iterator<Item = Vec<u8>> + 'a {
        (0..count).map(|_| self.wound(sound)).filter(move |wounded| wounded != sound)
    }
}

#[test]
fn no_wounded_token_is_believed() {
    let mut dice = Dice(1);
    let expect = Expect { issuer: ISSUER, audience: CLIENT, typ: Typ::Plain };
    for (forger, algorithm) in [(&*RSA, "RS256"), (&*P256, "ES256"), (&*ED25519, "EdDSA")] {
        let keys = key_set(&[forger.jwk(json!({ "kid": "k1" }))]);
        let sound = forger.sign(algorithm, &alice());
        assert!(verify(&sound, &keys, &expect, NOW, LEEWAY).is_ok());
        for wounded in dice.wounded(sound.as_bytes(), 3_000) {
            let text = String::from_utf8_lossy(&wounded);
            assert!(verify(&text, &keys, &expect, NOW, LEEWAY).is_err(), "{text}");
        }
    }
}

#[test]
fn no_wounded_bearer_token_is_believed() {
    let mut dice = Dice(6);
    let audiences = [CLIENT.to_owned()];
    let algorithms = [Algorithm::Es256, Algorithm::EdDsa];
    let expect = BearerExpect { issuer: ISSUER, audiences: &audiences, algorithms: &algorithms, typ: None };
    let believes = |text: &str, keys: &JwkSet| {
        Bearer::read(text).and_then(|bearer| bearer.verify(keys, &expect, NOW, LEEWAY)).is_ok()
    };
    for (forger, algorithm) in [(&*P256, "ES256"), (&*ED25519, "EdDSA")] {
        let keys = key_set(&[forger.jwk(json!({ "kid": "k1" }))]);
        let sound = forger.sign(algorithm, &alice());
        assert!(believes(&sound, &keys));
        for wounded in dice.wounded(sound.as_bytes(), 3_000) {
            let text = String::from_utf8_lossy(&wounded);
            assert!(!believes(&text, &keys), "{text}");
        }
    }
}

#[test]
fn no_wounded_claims_or_header_bring_a_verifier_down() {
    let mut dice = Dice(2);
    let expect = Expect { issuer: ISSUER, audience: CLIENT, typ: Typ::Plain };
    let keys = key_set(&[P256.jwk(json!({ "kid": "k1" }))]);
    let (header, claims) = (r#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#, alice().to_string());
    let sign = |header: &[u8], claims: &[u8]| {
        let [header, claims] = [header, claims].map(String::from_utf8_lossy);
        let token = P256.sign_text("ES256", &header, &claims);
        // Rightly signed, so it may be believed: then it says what it must.
        if let Ok(believed) = verify(&token, &keys, &expect, NOW, LEEWAY) {
            assert_eq!(believed.text("iss"), Some(ISSUER));
        }
    };
    for wounded in dice.wounded(header.as_bytes(), 1_000) {
        sign(&wounded, claims.as_bytes());
    }
    for wounded in dice.wounded(claims.as_bytes(), 2_000) {
        sign(header.as_bytes(), &wounded);
    }
}

#[test]
fn no_wounded_key_set_lets_a_strangers_token_in() {
    let mut dice = Dice(3);
    let expect = Expect { issuer: ISSUER, audience: CLIENT, typ: Typ::Plain };
    let stranger = crate::forge::fresh_p256().sign("ES256", &alice());
    let sound =
        json!({ "keys": [P256.jwk(json!({ "kid": "k1" })), RSA.jwk(json!({ "kid": "k2" }))] }).to_string();
    for wounded in dice.wounded(sound.as_bytes(), 3_000) {
        if let Ok(keys) = JwkSet::parse(&wounded) {
            assert!(verify(&stranger, &keys, &expect, NOW, LEEWAY).is_err());
        }
    }
}

#[test]
fn wounded_metadata_answers_and_callbacks_bring_nothing_down() {
    let mut dice = Dice(4);
    let issuer = Issuer::parse(ISSUER, Transport::Https).unwrap();
    let metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.contoso.test/authorize?p=1",
        "token_endpoint": "https://idp.contoso.test/token",
        "jwks_uri": "https://idp.contoso.test/keys",
        "authorization_response_iss_parameter_supported": true,
    });
    let sound = metadata.to_string();
    for wounded in dice.wounded(sound.as_bytes(), 3_000) {
        if let Ok(provider) = ProviderMetadata::parse(&wounded, &issuer, Transport::Https) {
            assert_eq!((provider.issuer, provider.token_endpoint.scheme()), (issuer.clone(), "https"));
        }
    }
    let answer = json!({ "token_type": "Bearer", "access_token": "at", "id_token": "a.b.c", "nonce": NONCE })
        .to_string();
    for wounded in dice.wounded(answer.as_bytes(), 2_000) {
        let _ = Tokens::parse(200, &wounded);
    }
    let told = json!({ "sub": "alice-at-contoso", "name": "Alice Example" }).to_string();
    for wounded in dice.wounded(told.as_bytes(), 2_000) {
        let _ = UserInfo::parse(200, Some("application/json"), &wounded, "alice-at-contoso");
    }
    let provider = ProviderMetadata::parse(sound.as_bytes(), &issuer, Transport::Https).unwrap();
    let query = "code=abc%2Bdef&iss=https%3A%2F%2Fidp.contoso.test&state=the-state";
    for wounded in dice.wounded(query.as_bytes(), 4_000) {
        let text = String::from_utf8_lossy(&wounded);
        // A wound in the code is the provider's to notice; the state and the issuer are ours.
        if let Ok(callback) = Callback::parse(&text) {
            let state = callback.state().to_owned();
            let accepted = callback.accept(&Secret::new("the-state".to_owned()), &provider);
            assert!(accepted.is_err() || state == "the-state");
        }
    }
}

#[test]
fn no_wounded_proof_is_believed() {
    let mut dice = Dice(5);
    let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
    let proven = Proven { method: "GET", path: "/", context: &context };
    let sound = proven.prove(&secret, NOW, &Chance::system());
    for wounded in dice.wounded(sound.as_bytes(), 2_000) {
        let text = String::from_utf8_lossy(&wounded);
        assert!(proven.check(&secret, &text, NOW).is_err(), "{text}");
    }
}
