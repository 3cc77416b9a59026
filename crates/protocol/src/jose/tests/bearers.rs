//! A workload at Contoso calls with a bearer token. Then others try: each test is named after the attack.

use crate::{
    forge::{ED25519, ISSUER, LEEWAY, NOW, P256, P384, RSA, encode, forger, fresh_p256, key_set, with},
    jose::{Algorithm, Bearer, BearerExpect, Claims, JwkSet, TokenError},
};
use base64::{
    Engine,
    prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

const TAKEN: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
const AUDIENCE: &str = "https://api.example.test";

fn robot() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "reports", "iat": NOW.seconds(), "exp": NOW.seconds() + 300,
        "org": "contoso", "scope": "surveys.read surveys.write",
    })
}

fn keys() -> JwkSet {
    key_set(&[P256.jwk(json!({ "kid": "k1" }))])
}

fn judged(token: &str, keys: &JwkSet, typ: Option<&str>) -> Result<Claims, TokenError> {
    let audiences = [AUDIENCE.to_owned(), "other".to_owned()];
    let expect = BearerExpect { issuer: ISSUER, audiences: &audiences, algorithms: &TAKEN, typ };
    Bearer::read(token)?.verify(keys, &expect, NOW, LEEWAY)
}

fn believed(token: &str) -> Result<Claims, TokenError> {
    judged(token, &keys(), None)
}

fn believed_with(difference: Value) -> Result<Claims, TokenError> {
    believed(&P256.sign("ES256", &with(robot(), difference)))
}

fn is_malformed(judged: Result<Claims, TokenError>) -> bool {
    matches!(judged, Err(TokenError::Malformed(_)))
}

#[test]
fn a_sound_token_of_each_algorithm_that_is_taken_is_believed() {
    for algorithm in TAKEN {
        let forger = forger(algorithm);
        let keys = key_set(&[forger.jwk(json!({ "kid": "k1" }))]);
        let claims = judged(&forger.sign(algorithm.name(), &robot()), &keys, None).expect("it is sound");
        assert_eq!(claims.words("scope"), ["surveys.read", "surveys.write"]);
        assert_eq!(claims.text("org"), Some("contoso"));
    }
    assert_eq!(believed_with(json!({ "scp": ["a", "b"], "scope": null })).unwrap().words("scp"), ["a", "b"]);
    assert_eq!(believed_with(json!({ "scope": 7 })).unwrap().words("scope"), [""; 0]);
}

#[test]
fn alg_none_in_every_spelling() {
    for none in ["none", "None", "NONE", "nOnE", "none ", ""] {
        for signature in ["", "AA"] {
            let header = encode(json!({ "alg": none, "kid": "k1" }).to_string());
            let unsigned = format!("{header}.{}.{signature}", encode(robot().to_string()));
            assert_eq!(believed(&unsigned), Err(TokenError::Algorithm), "{none}");
        }
    }
    for odd in [json!(null), json!(0), json!(["ES256"])] {
        let header = encode(json!({ "alg": odd }).to_string());
        assert!(is_malformed(believed(&format!("{header}.{}.", encode(robot().to_string())))), "{odd}");
    }
}

#[test]
fn hs256_keyed_with_the_public_key() {
    let public = RSA.jwk(json!({ "kid": "k1" }));
    let keys = key_set(std::slice::from_ref(&public));
    let modulus = public["n"].as_str().unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
    for secret in [modulus.as_bytes(), &bytes, public.to_string().as_bytes()].map(EncodingKey::from_secret) {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("k1".into());
        let token = jsonwebtoken::encode(&header, &robot(), &secret).unwrap();
        assert_eq!(judged(&token, &keys, None), Err(TokenError::Algorithm));
    }
}

#[test]
fn an_algorithm_that_the_issuer_is_not_registered_for() {
    for (name, forger) in [("RS512", &*RSA), ("PS384", &*RSA), ("ES384", &*P384)] {
        let keys = key_set(&[forger.jwk(json!({ "kid": "k1" }))]);
        assert_eq!(judged(&forger.sign(name, &robot()), &keys, None), Err(TokenError::Algorithm), "{name}");
    }
}

#[test]
fn kid_injection() {
    for kid in
        ["../../dev/null", "k1' OR '1'='1", "k1\0", "/proc/self/environ", "", "| cat", "https://eve.test/k"]
    {
        let token = P256.sign_with("ES256", json!({ "kid": kid }), &robot());
        assert_eq!(believed(&token), Err(TokenError::UnknownKey), "{kid}");
    }
    for kid in [json!(1), json!(["k1"]), json!({})] {
        assert!(is_malformed(believed(&P256.sign_with("ES256", json!({ "kid": kid }), &robot()))));
    }
}

#[test]
fn keys_that_the_token_brings_along() {
    let eve = fresh_p256();
    for brought in [
        json!({ "jwk": eve.jwk(json!({ "kid": "k1" })) }),
        json!({ "jku": "https://eve.test/keys" }),
        json!({ "x5u": "https://eve.test/cert" }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let token = eve.sign_with("ES256", brought.clone(), &robot());
        assert_eq!(believed(&token), Err(TokenError::Signature), "{brought}");
    }
    assert!(is_malformed(believed(&P256.sign_with(
        "ES256",
        json!({ "crit": ["b64"], "b64": false }),
        &robot()
    ))));
}

#[test]
fn a_key_of_the_wrong_curve_or_kind() {
    let token = P256.sign("ES256", &robot());
    for other in [
        P384.jwk(json!({ "kid": "k1" })),
        RSA.jwk(json!({ "kid": "k1" })),
        ED25519.jwk(json!({ "kid": "k1" })),
    ] {
        assert_eq!(judged(&token, &key_set(&[other]), None), Err(TokenError::Algorithm));
    }
}

#[test]
fn psychic_signatures() {
    let body = format!(
        "{}.{}",
        encode(json!({ "alg": "ES256", "kid": "k1" }).to_string()),
        encode(robot().to_string())
    );
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51_u8,
    ];
    let one = [[0; 31].as_slice(), &[1]].concat();
    for (r, s) in
        [(&[0; 32][..], &[0; 32][..]), (&one, &[0; 32]), (&[0; 32], &one), (&order, &order), (&one, &order)]
    {
        let token = format!("{body}.{}", encode([r, s].concat()));
        assert_eq!(believed(&token), Err(TokenError::Signature));
    }
}

/// With (r, s), (r, n - s) is a signature too: whoever has a token can write it in a second way. Both are believed,
/// for neither says anything else; but they are two texts, so that nothing may be keyed by the signature alone.
#[test]
fn ecdsa_malleability_changes_nothing_that_is_said() {
    let token = P256.sign("ES256", &robot());
    let (body, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (mut mirrored, mut borrow) = ([0u8; 32], 0i16);
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        mirrored[at] = difference.rem_euclid(256) as u8;
    }
    let twin = format!("{body}.{}", encode([&signature[..32], &mirrored].concat()));
    assert_ne!(twin, token);
    assert_eq!(believed(&twin), believed(&token));
}

#[test]
fn truncated_and_extra_segments() {
    let good = P256.sign("ES256", &robot());
    let [header, claims, signature] = *good.split('.').collect::<Vec<_>>() else { panic!("three parts") };
    for bad in [
        "",
        ".",
        "..",
        header,
        &format!("{header}.{claims}"),
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{good}.{signature}"),
        &format!("{header}..{signature}"),
        &json!({ "payload": claims, "protected": header, "signature": signature }).to_string(),
    ] {
        assert!(is_malformed(believed(bad)), "{bad}");
    }
    for cut in [&good[..good.len() - 2], &format!("{header}.{claims}.")] {
        assert_eq!(believed(cut), Err(TokenError::Signature));
    }
}

#[test]
fn padded_and_otherwise_written_base64() {
    let good = P256.sign("ES256", &robot());
    let [header, claims, signature] = *good.split('.').collect::<Vec<_>>() else { panic!("three parts") };
    let padded = BASE64_URL_SAFE.encode(BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap());
    for bad in [
        format!("{header}.{claims}.{signature}=="),
        format!("{header}.{padded}=.{signature}"),
        format!("{good}\n"),
        format!(" {good}"),
        good.replacen('e', "+", 1),
        format!("{header}.{claims}.{}", signature.replace(['-', '_'], "/") + "/"),
    ] {
        assert!(is_malformed(believed(&bad)), "{bad}");
    }
    // 86 letters carry 516 bits for 512: the last letter has more than one spelling, of which one is taken.
    let last = signature.chars().last().unwrap();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = letters.find(last).unwrap();
    let twin = format!("{}{}", &good[..good.len() - 1], &letters[at + 1..at + 2]);
    assert!(is_malformed(believed(&twin)), "bits that are left over");
}

#[test]
fn members_named_twice() {
    let claims = robot().to_string();
    let twice = format!("{{\"org\":\"fabrikam\",{}", &claims[1..]);
    let escaped = format!("{{\"\\u006frg\":\"fabrikam\",{}", &claims[1..]);
    let header = r#"{"alg":"ES256","kid":"k1"}"#;
    for (header, claims) in
        [(header, &twice), (header, &escaped), (r#"{"alg":"none","alg":"ES256","kid":"k1"}"#, &claims)]
    {
        assert!(is_malformed(believed(&P256.sign_text("ES256", header, claims))), "{claims}");
    }
}

#[test]
fn claims_that_are_no_utf8() {
    let header = encode(r#"{"alg":"ES256","kid":"k1"}"#);
    let claims = encode([&robot().to_string().as_bytes()[..20], &[0xff, 0xfe], b"\"}"].concat());
    assert!(is_malformed(believed(&format!("{header}.{claims}.AAAA"))));
}

#[test]
fn dates_that_are_no_dates_and_ends_beyond_all_measure() {
    for date in [json!("1800000300"), json!(-1), json!(1e300), json!(u64::MAX), json!(true), json!([1])] {
        for name in ["exp", "nbf", "iat"] {
            assert!(is_malformed(believed_with(json!({ name: date }))), "{name} {date}");
        }
    }
    assert!(is_malformed(believed_with(json!({ "exp": null }))), "a token without an end");
}

#[test]
fn an_expired_token_and_one_whose_time_has_not_come() {
    let ends = NOW.seconds() - 60;
    assert_eq!(believed_with(json!({ "exp": ends })), Err(TokenError::Expired));
    assert!(believed_with(json!({ "exp": ends + 1 })).is_ok(), "the leeway");
    for date in ["nbf", "iat"] {
        assert_eq!(believed_with(json!({ date: NOW.seconds() + 61 })), Err(TokenError::NotYet));
        assert!(believed_with(json!({ date: NOW.seconds() + 60 })).is_ok());
    }
}

#[test]
fn audiences_of_every_odd_shape() {
    for audience in [
        json!("https://api.example.test/"),
        json!("HTTPS://API.EXAMPLE.TEST"),
        json!(["fabrikam"]),
        json!([]),
        json!(7),
        json!({ AUDIENCE: 1 }),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, 7]),
        json!(null),
        json!(""),
    ] {
        assert_eq!(believed_with(json!({ "aud": audience })), Err(TokenError::Audience), "{audience}");
    }
    for audience in [json!([AUDIENCE]), json!(["x", AUDIENCE]), json!("other")] {
        assert!(believed_with(json!({ "aud": audience })).is_ok(), "{audience}");
    }
}

#[test]
fn an_issuer_that_differs_by_one_letter() {
    for issuer in [json!(format!("{ISSUER}/")), json!(ISSUER.to_uppercase()), json!([ISSUER]), json!(null)] {
        assert_eq!(believed_with(json!({ "iss": issuer })), Err(TokenError::Issuer));
    }
}

#[test]
fn an_id_token_in_place_of_an_access_token() {
    let id_token = with(robot(), json!({ "nonce": "n" }));
    for typ in [json!({}), json!({ "typ": "JWT" }), json!({ "typ": "id+jwt" }), json!({ "typ": "at-jwt" })] {
        let token = P256.sign_with("ES256", typ.clone(), &id_token);
        assert_eq!(judged(&token, &keys(), Some("at+jwt")), Err(TokenError::Type), "{typ}");
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let token = P256.sign_with("ES256", json!({ "typ": typ }), &robot());
        assert!(judged(&token, &keys(), Some("at+jwt")).is_ok() && believed(&token).is_ok(), "{typ}");
    }
    // Where an issuer's rules name no type, what has one of its own is none all the same.
    for typ in ["partywall-context+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "", "jwe"] {
        let token = P256.sign_with("ES256", json!({ "typ": typ }), &robot());
        assert_eq!(believed(&token), Err(TokenError::Type), "{typ}");
    }
}

#[test]
fn a_nested_token() {
    let inner = P256.sign("ES256", &robot());
    let header = r#"{"alg":"ES256","kid":"k1","cty":"JWT"}"#;
    let outer = P256.sign_text("ES256", header, &inner);
    assert!(is_malformed(believed(&outer)));
}

#[test]
fn a_compressed_or_encrypted_token() {
    let header = encode(json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF" }).to_string());
    let parts = [header.as_str(), "AAAA", "AAAA", "AAAA", "AAAA"].join(".");
    assert!(matches!(believed(&parts), Err(TokenError::Malformed(_) | TokenError::Algorithm)));
    let three = format!("{header}.AAAA.AAAA");
    assert_eq!(believed(&three), Err(TokenError::Algorithm));
}

#[test]
fn a_token_that_is_longer_than_is_read() {
    let long = P256.sign("ES256", &with(robot(), json!({ "groups": "g".repeat(7_000) })));
    assert!(is_malformed(believed(&long)));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
    assert!(is_malformed(believed(&P256.sign_text("ES256", r#"{"alg":"ES256","kid":"k1"}"#, &deep))));
}

#[test]
fn a_token_that_names_nobody() {
    for subject in [json!(null), json!(""), json!(7), json!("s".repeat(256))] {
        assert_eq!(believed_with(json!({ "sub": subject })), Err(TokenError::Subject));
    }
}

#[test]
fn a_token_that_no_one_of_the_issuer_signed() {
    assert_eq!(believed(&fresh_p256().sign("ES256", &robot())), Err(TokenError::Signature));
}
