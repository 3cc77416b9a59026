//! Small damage, many times over: nothing panics, and no altered token, proof or identity is believed.
//! The damage is the same in every run, so that a failure can be repeated; `docs/bad-input.md` says how to do more of it.

use crate::{
    dice::Dice,
    expression::{Expression, Facts, Kind, MOST_STEPS, Names, Stopped, Value, Word},
    forge::{CLIENT, ED25519, ISSUER, LEEWAY, NONCE, NOW, P256, RSA, alice, key_set},
    jose::{Algorithm, Bearer, BearerExpect, Expect, JwkSet, Typ, verify},
    oidc::{Callback, Issuer, ProviderMetadata, Tokens, Transport, UserInfo},
    proof::Proven,
    x509::{ClientChain, read_fields},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Chance, Digest, Secret, digest::MacKey};
use serde_json::json;

#[test]
fn no_wounded_token_is_believed() {
    let mut dice = Dice::of(1);
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
    let mut dice = Dice::of(6);
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
    let mut dice = Dice::of(2);
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
    let mut dice = Dice::of(3);
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
    let mut dice = Dice::of(4);
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
    let mut dice = Dice::of(5);
    let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
    let proven = Proven { method: "GET", path: "/", context: &context };
    let sound = proven.prove(&secret, NOW, &Chance::system());
    for wounded in dice.wounded(sound.as_bytes(), 2_000) {
        let text = String::from_utf8_lossy(&wounded);
        assert!(proven.check(&secret, &text, NOW).is_err(), "{text}");
    }
}

const WORDS: &[Word] = &[
    Word { name: "path", kind: Kind::Value },
    Word { name: "claims", kind: Kind::Value },
    Word { name: "headers", kind: Kind::Table },
];

/// Has whatever is asked for, and plenty of it.
struct Plenty(serde_json::Value);

impl Facts for Plenty {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        if name == "claims" {
            Some(Value::json(&self.0, Names::Unsure))
        } else {
            Some(Value::text("/a/b,c/d"))
        }
    }

    fn field(&self, _: &str, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        Ok(Some(Value::Text(name.repeat(50).into())))
    }
}

#[test]
fn no_wounded_expression_brings_anything_down_or_runs_on() {
    let mut dice = Dice::of(7);
    let facts =
        Plenty(json!({ "roles": ["a", "b", "c"], "n": [1, 2, [3, {"x": 4.5}]], "s": "text", "z": null }));
    let sound = [
        "path.split('/')[2].lowerAscii() == 'b' ? headers['x-a'] + path : claims.roles[0]",
        "claims.roles.filter(r, r != 'a').map(r, r + r).exists(r, r.contains('bb')) && !has(claims.q)",
        "{'a': [1, 2.5, -3], 'b': null}['a'].all(x, x < 10 || x / 0 > 1) || path.matches('^/[a-z]+')",
        "claims.n[2][1].x * 2.0 - 1.5 >= 0.0 && size(path) % 3 == 1 && 'x' in headers",
        "path.substring(1, 4).replace('a', headers.long).indexOf('b') + int('12') - path.lastIndexOf('c')",
    ];
    let mut read = 0;
    for source in sound {
        assert!(Expression::read(source, WORDS).is_ok(), "{source}");
        for wounded in dice.wounded(source.as_bytes(), 200) {
            if let Ok(expression) = Expression::read(&String::from_utf8_lossy(&wounded), WORDS) {
                assert!(expression.work_out(&facts).steps <= MOST_STEPS);
                read += 1;
            }
        }
    }
    assert!(read > 20, "some of them are still expressions: {read}");
    // Words in any order, as nobody would write them.
    const PIECES: [&str; 34] = [
        "path", "claims", "headers", ".", "[", "]", "(", ")", "'a'", "1", "2.5", "+", "-", "*", "/", "%",
        "==", "<", "&&", "||", "!", "?", ":", ",", "in", "map", "all", "x", "has", "size", "null", "{", "}",
        "split",
    ];
    for _ in 0..Dice::times(500) {
        let text: Vec<&str> = (0..1 + dice.roll(30)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        if let Ok(expression) = Expression::read(&text.join(" "), WORDS) {
            assert!(expression.work_out(&facts).steps <= MOST_STEPS);
        }
    }
}

#[test]
fn wounded_certificates_and_the_fields_that_carry_them_bring_nothing_down() {
    let mut dice = Dice::of(21);
    let made = rcgen::generate_simple_self_signed(["device.test".to_owned()]).unwrap();
    let sound = format!(":{}:", BASE64_STANDARD.encode(made.cert.der()));
    let chain = format!("{sound}, {sound}");
    let read = |leaf: &[u8], chain: Option<&[u8]>| read_fields(leaf, chain).map(ClientChain::read);
    assert!(matches!(read(sound.as_bytes(), Some(chain.as_bytes())), Ok(Ok(_))));
    // Whether it is the one that was shown, its signature says; that it can be read says nothing.
    for wounded in dice.wounded(sound.as_bytes(), 2_000) {
        let _ = (read(&wounded, None), read(sound.as_bytes(), Some(&wounded)));
    }
    for wounded in dice.wounded(chain.as_bytes(), 2_000) {
        let _ = read(sound.as_bytes(), Some(&wounded));
    }
    for wounded in dice.wounded(made.cert.der(), 2_000) {
        let _ = ClientChain::read(vec![wounded]);
    }
}
