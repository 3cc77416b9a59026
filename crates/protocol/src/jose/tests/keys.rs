//! Which keys are believed to be Contoso's, and which of them is asked.

use super::{believed, contoso};
use crate::{
    forge::{ED25519, P256, P384, RSA, alice, encode, fresh_p256, key_set, with},
    jose::{JwkSet, KeySetError, TokenError},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

#[test]
fn a_shared_secret_in_the_key_set_is_no_key() {
    let oct = json!({ "kty": "oct", "kid": "k1", "alg": "HS256", "k": encode([7; 32]) });
    let text = json!({ "keys": [oct] }).to_string();
    assert_eq!(JwkSet::parse(text.as_bytes()).unwrap_err(), KeySetError::Empty);
}

#[test]
fn duplicate_kid_of_different_keys_is_refused_as_a_whole() {
    let entries = [P256.jwk(json!({ "kid": "k1" })), fresh_p256().jwk(json!({ "kid": "k1" }))];
    let text = json!({ "keys": entries }).to_string();
    assert_eq!(JwkSet::parse(text.as_bytes()).unwrap_err(), KeySetError::AmbiguousKid);
}

#[test]
fn one_key_published_twice_for_two_algorithms_is_one_key() {
    let entry = |algorithm: &str| RSA.jwk(json!({ "kid": "k1", "alg": algorithm }));
    let keys = key_set(&[entry("RS256"), entry("PS256"), entry("RS256")]);
    assert_eq!(keys.usable(), 1);
    assert!(believed(&RSA.sign("RS256", &alice()), &keys).is_ok());
    assert!(believed(&RSA.sign("PS256", &alice()), &keys).is_ok());
    assert_eq!(believed(&RSA.sign("RS512", &alice()), &keys), Err(TokenError::Algorithm));
}

#[test]
fn a_key_verifies_only_what_it_was_made_for() {
    let token = P256.sign("ES256", &alice());
    for other in [RSA.jwk(json!({})), P384.jwk(json!({})), ED25519.jwk(json!({}))] {
        let keys = key_set(&[with(other, json!({ "kid": "k1" }))]);
        assert_eq!(believed(&token, &keys), Err(TokenError::Algorithm));
    }
}

#[test]
fn keys_that_cannot_be_used_are_passed_over() {
    let weak = encode([0xff; 128]);
    let flat = encode([0x05; 32]);
    let good = P256.jwk(json!({ "kid": "good" }));
    let unusable = [
        P256.jwk(json!({ "use": "enc" })),
        P256.jwk(json!({ "key_ops": ["sign"] })),
        P256.jwk(json!({ "alg": "ES384" })),
        P256.jwk(json!({ "alg": "HS256" })),
        P256.jwk(json!({ "alg": 7 })),
        P256.jwk(json!({ "crv": "secp256k1" })),
        P256.jwk(json!({ "x": "AA" })),
        P256.jwk(json!({ "x": "not base64url!" })),
        P256.jwk(json!({ "d": flat })),
        P256.jwk(json!({ "kid": 1 })),
        P256.jwk(json!({ "kid": "k".repeat(600) })),
        RSA.jwk(json!({ "n": weak })),
        RSA.jwk(json!({ "e": "AQ" })),
        RSA.jwk(json!({ "e": "AAI" })),
        RSA.jwk(json!({ "alg": "RSA-OAEP" })),
        ED25519.jwk(json!({ "crv": "X25519" })),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        json!("key"),
        json!(null),
    ];
    for entry in unusable {
        let text = json!({ "keys": [entry, good] }).to_string();
        assert_eq!(JwkSet::parse(text.as_bytes()).unwrap().usable(), 1, "{entry}");
    }
}

#[test]
fn a_key_of_a_point_off_the_curve_verifies_nothing() {
    let keys = key_set(&[P256.jwk(json!({ "kid": "k1", "x": encode([5; 32]) }))]);
    assert_eq!(believed(&P256.sign("ES256", &alice()), &keys), Err(TokenError::Signature));
}

#[test]
fn a_modulus_with_a_leading_zero_is_the_same_key() {
    let plain = RSA.jwk(json!({ "kid": "k1" }));
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(plain["n"].as_str().unwrap()).unwrap();
    let padded = with(plain.clone(), json!({ "n": encode([&[0], modulus.as_slice()].concat()) }));
    let keys = key_set(&[padded, plain]);
    assert_eq!(keys.usable(), 1);
    assert!(believed(&RSA.sign("RS256", &alice()), &keys).is_ok());
}

#[test]
fn oversized_and_odd_key_sets_are_refused() {
    let refusal = |text: &str| JwkSet::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refusal(&format!("{{\"keys\":[]{}}}", " ".repeat(70_000))), KeySetError::TooLarge);
    assert_eq!(refusal(&json!({ "keys": vec![json!({}); 101] }).to_string()), KeySetError::TooLarge);
    assert_eq!(refusal("{\"keys\":[]}"), KeySetError::Empty);
    for odd in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "<html>"] {
        assert_eq!(refusal(odd), KeySetError::Malformed, "{odd}");
    }
}

#[test]
fn an_unknown_kid_asks_for_fresh_keys() {
    let token = P256.sign_with("ES256", json!({ "kid": "k2" }), &alice());
    assert_eq!(believed(&token, &contoso()), Err(TokenError::UnknownKey));
    let fetched = key_set(&[fresh_p256().jwk(json!({ "kid": "k1" })), P256.jwk(json!({ "kid": "k2" }))]);
    assert!(believed(&token, &fetched).is_ok());
}

#[test]
fn without_a_kid_there_must_be_nothing_to_choose() {
    let token = P256.sign_with("ES256", json!({ "kid": null }), &alice());
    let [ours, rsa] = [P256.jwk(json!({ "kid": "k1" })), RSA.jwk(json!({ "kid": "k2" }))];
    assert!(believed(&token, &key_set(&[ours.clone(), rsa.clone()])).is_ok());
    let another = fresh_p256().jwk(json!({ "kid": "k3" }));
    assert_eq!(believed(&token, &key_set(&[ours, another])), Err(TokenError::UnknownKey));
    assert_eq!(believed(&token, &key_set(&[rsa])), Err(TokenError::UnknownKey));
}

#[test]
fn kid_injection_finds_no_key() {
    for kid in ["../../dev/null", "k1' OR '1'='1", "k1\0", "K1", "", "k1 ", "https://eve.test/k1"] {
        let token = P256.sign_with("ES256", json!({ "kid": kid }), &alice());
        assert_eq!(believed(&token, &contoso()), Err(TokenError::UnknownKey), "{kid}");
    }
    for kid in [json!(1), json!(["k1"]), json!({ "k1": "k1" })] {
        let token = P256.sign_with("ES256", json!({ "kid": kid }), &alice());
        assert!(matches!(believed(&token, &contoso()), Err(TokenError::Malformed(_))));
    }
}
