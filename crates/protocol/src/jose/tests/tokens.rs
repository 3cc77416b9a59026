//! Which tokens are believed.

use super::{EXPECT, believed, believed_with, contoso};
use crate::{
    forge::{CLIENT, ISSUER, LEEWAY, NOW, P256, RSA, alice, encode, forger, fresh_p256, key_set, with},
    jose::{Algorithm, Expect, JwkSet, Signer, TokenError, Typ, published_key_set, verify},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Chance, SigningKey};
use jsonwebtoken::EncodingKey;
use serde_json::json;
use std::time::Duration;

#[test]
fn a_good_token_of_every_algorithm_is_believed() {
    for algorithm in Algorithm::ALL {
        let forger = forger(algorithm);
        let token = forger.sign(algorithm.name(), &alice());
        for jwk in [json!({ "kid": "k1" }), json!({ "kid": "k1", "use": "sig", "alg": algorithm.name() })] {
            let claims = believed(&token, &key_set(&[forger.jwk(jwk)])).unwrap();
            assert_eq!(claims.text("sub"), Some("alice-at-contoso"));
            assert_eq!(claims.algorithm(), algorithm);
        }
    }
}

#[test]
fn alg_none_is_refused_in_every_spelling() {
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({ "alg": none, "kid": "k1" }).to_string();
        let unsigned = format!("{}.{}.", encode(header), encode(alice().to_string()));
        assert_eq!(believed(&unsigned, &contoso()), Err(TokenError::Algorithm), "{none}");
    }
    let nothing = format!("{}.{}.", encode("{\"kid\":\"k1\"}"), encode(alice().to_string()));
    assert_eq!(believed(&nothing, &contoso()), Err(TokenError::Algorithm));
}

#[test]
fn hs256_keyed_with_the_public_key_is_refused() {
    let public = RSA.jwk(json!({ "kid": "k1" }));
    let modulus = public["n"].as_str().unwrap();
    let keys = key_set(std::slice::from_ref(&public));
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
    for secret in [modulus.as_bytes(), &bytes, public.to_string().as_bytes()].map(EncodingKey::from_secret) {
        for algorithm in
            [jsonwebtoken::Algorithm::HS256, jsonwebtoken::Algorithm::HS384, jsonwebtoken::Algorithm::HS512]
        {
            let mut header = jsonwebtoken::Header::new(algorithm);
            header.kid = Some("k1".into());
            let token = jsonwebtoken::encode(&header, &alice(), &secret).unwrap();
            assert_eq!(believed(&token, &keys), Err(TokenError::Algorithm));
        }
    }
}

#[test]
fn jwk_in_the_header_and_addresses_of_keys_are_not_looked_at() {
    let eve = fresh_p256();
    for brought in [
        json!({ "jwk": eve.jwk(json!({})) }),
        json!({ "jwk": eve.jwk(json!({ "kid": "k1" })) }),
        json!({ "jku": "https://eve.test/keys" }),
        json!({ "x5u": "https://eve.test/cert" }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let token = eve.sign_with("ES256", brought.clone(), &alice());
        assert_eq!(believed(&token, &contoso()), Err(TokenError::Signature), "{brought}");
        // The right signature is not spoiled by them either.
        assert!(believed(&P256.sign_with("ES256", brought, &alice()), &contoso()).is_ok());
    }
}

#[test]
fn oversized_and_malformed_tokens_are_refused() {
    let good = P256.sign("ES256", &alice());
    let [header, payload, signature] = *good.split('.').collect::<Vec<_>>() else { panic!("three parts") };
    let padded = format!("{header}.{payload}.{signature}==");
    let spaced = format!(" {good}");
    let general =
        json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] });
    for bad in [
        "",
        ".",
        "..",
        "...",
        header,
        &format!("{header}.{payload}"),
        &format!("{good}.{signature}"),
        &format!("{good}.{signature}.{signature}"),
        &padded,
        &spaced,
        &format!("{good}\n"),
        &general.to_string(),
        &"a".repeat(20_000),
        &P256.sign("ES256", &with(alice(), json!({ "groups": "g".repeat(16_000) }))),
    ] {
        assert!(matches!(believed(bad, &contoso()), Err(TokenError::Malformed(_))), "{}", bad.len());
    }
}

#[test]
fn extensions_that_must_be_understood_are_refused() {
    for critical in [json!(["b64"]), json!([]), json!("exp")] {
        let token = P256.sign_with("ES256", json!({ "crit": critical, "b64": false }), &alice());
        assert!(matches!(believed(&token, &contoso()), Err(TokenError::Malformed(_))));
    }
}

#[test]
fn members_named_twice_are_refused_in_header_and_claims() {
    let claims = alice().to_string();
    let twice = format!("{{\"sub\":\"eve\",{}", &claims[1..]);
    let header = r#"{"alg":"ES256","kid":"k1"}"#;
    for (header, claims) in [(header, &twice), (r#"{"alg":"none","alg":"ES256","kid":"k1"}"#, &claims)] {
        let token = P256.sign_text("ES256", header, claims);
        assert!(matches!(believed(&token, &contoso()), Err(TokenError::Malformed(_))));
    }
}

#[test]
fn deep_json_nesting_is_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let token = P256.sign_text("ES256", r#"{"alg":"ES256","kid":"k1"}"#, &deep);
    assert!(matches!(believed(&token, &contoso()), Err(TokenError::Malformed(_))));
}

#[test]
fn a_signature_of_another_key_or_of_other_claims_is_refused() {
    let good = P256.sign("ES256", &alice());
    assert_eq!(believed(&fresh_p256().sign("ES256", &alice()), &contoso()), Err(TokenError::Signature));
    let mallory = P256.sign("ES256", &with(alice(), json!({ "sub": "mallory" })));
    let body = mallory.rsplit_once('.').unwrap().0;
    let swapped = format!("{body}.{}", good.rsplit_once('.').unwrap().1);
    assert_eq!(believed(&swapped, &contoso()), Err(TokenError::Signature));
    for empty in ["", &encode([0; 64]), &encode([0xff; 64]), &encode([0; 1_000])] {
        assert_eq!(believed(&format!("{body}.{empty}"), &contoso()), Err(TokenError::Signature));
    }
}

#[test]
fn token_of_another_type_is_refused() {
    for typ in ["at+jwt", "logout+jwt", "partywall-context+jwt", "application/at+jwt", "secevent+jwt", ""] {
        let token = P256.sign_with("ES256", json!({ "typ": typ }), &alice());
        assert_eq!(believed(&token, &contoso()), Err(TokenError::Type), "{typ}");
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        assert!(believed(&P256.sign_with("ES256", json!({ "typ": typ }), &alice()), &contoso()).is_ok());
    }
    let named = Expect { typ: Typ::Named("at+jwt"), ..EXPECT };
    let plain = P256.sign("ES256", &alice());
    assert_eq!(verify(&plain, &contoso(), &named, NOW, LEEWAY), Err(TokenError::Type));
    let nameless = P256.sign_with("ES256", json!({ "typ": "at+jwt", "kid": null }), &alice());
    assert!(matches!(verify(&nameless, &contoso(), &named, NOW, LEEWAY), Err(TokenError::Malformed(_))));
}

#[test]
fn wrong_iss_is_refused_to_the_last_letter() {
    let slash = format!("{ISSUER}/");
    for issuer in [
        json!("https://idp.fabrikam.test"),
        json!(slash),
        json!("HTTPS://idp.contoso.test"),
        json!([ISSUER]),
        json!(null),
    ] {
        assert_eq!(believed_with(json!({ "iss": issuer })), Err(TokenError::Issuer));
    }
}

#[test]
fn wrong_aud_is_refused() {
    for audience in [
        json!("fabrikam"),
        json!("PARTYWALL"),
        json!([]),
        json!(["fabrikam"]),
        json!({ "partywall": 1 }),
        json!(null),
    ] {
        assert_eq!(believed_with(json!({ "aud": audience })), Err(TokenError::Audience));
    }
    assert!(believed_with(json!({ "aud": [CLIENT] })).is_ok());
}

#[test]
fn azp_must_be_us_where_it_stands_and_stand_where_audiences_are_several() {
    let several = json!([CLIENT, "another"]);
    assert_eq!(believed_with(json!({ "aud": several })), Err(TokenError::Audience));
    assert_eq!(believed_with(json!({ "aud": several, "azp": "another" })), Err(TokenError::Audience));
    assert!(believed_with(json!({ "aud": several, "azp": CLIENT })).is_ok());
    assert_eq!(believed_with(json!({ "azp": "another" })), Err(TokenError::Audience));
    assert_eq!(believed_with(json!({ "azp": [CLIENT] })), Err(TokenError::Audience));
}

#[test]
fn expired_tokens_are_refused_once_the_leeway_is_over() {
    let token = P256.sign("ES256", &alice());
    let ends = NOW + Duration::from_secs(300) + LEEWAY;
    let at = |now| verify(&token, &contoso(), &EXPECT, now, LEEWAY);
    assert!(at(ends - Duration::from_secs(1)).is_ok());
    assert_eq!(at(ends), Err(TokenError::Expired));
    assert!(matches!(believed_with(json!({ "exp": null })), Err(TokenError::Malformed(_))));
}

#[test]
fn iat_in_the_future_and_nbf_to_come_are_refused() {
    let soon = NOW.seconds() + 60;
    for date in ["iat", "nbf"] {
        assert!(believed_with(json!({ date: soon })).is_ok());
        assert_eq!(believed_with(json!({ date: soon + 1 })), Err(TokenError::NotYet), "{date}");
    }
}

#[test]
fn dates_that_are_no_dates_are_refused() {
    for date in [json!("1800000300"), json!(-1), json!(1e300), json!(u64::MAX), json!(true), json!([1])] {
        for name in ["exp", "nbf", "iat"] {
            assert!(
                matches!(believed_with(json!({ name: date })), Err(TokenError::Malformed(_))),
                "{name} {date}"
            );
        }
    }
    assert!(believed_with(json!({ "iat": NOW.seconds() as f64 - 0.5 })).is_ok());
}

#[test]
fn our_own_tokens_are_believed_by_whoever_has_the_published_keys() {
    let signer = Signer::new("k1", SigningKey::generate(&Chance::system()));
    let published = published_key_set([(signer.kid(), signer.public())]).to_string();
    let keys = JwkSet::parse(published.as_bytes()).unwrap();
    let expect = Expect { typ: Typ::Named("at+jwt"), ..EXPECT };
    let token = signer.sign("at+jwt", &alice());
    assert!(verify(&token, &keys, &expect, NOW, LEEWAY).is_ok());
    // The library, which did not make it, agrees.
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.alg, header.kid.as_deref()), (jsonwebtoken::Algorithm::ES256, Some("k1")));
}

#[test]
fn claims_and_keys_do_not_print() {
    let claims = believed(&P256.sign("ES256", &alice()), &contoso()).unwrap();
    assert_eq!(format!("{claims:?}"), "Claims(…)");
    assert_eq!(format!("{:?}", contoso()), "[Some(\"k1\")]");
}
