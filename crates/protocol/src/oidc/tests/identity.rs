//! The ID token becomes a person.

use super::{issuer, secret};
use crate::{
    IdentityClaims,
    forge::{CLIENT, ISSUER, LEEWAY, NONCE, NOW, P256, alice, encode, key_set, with},
    jose::{Algorithm, TokenError},
    oidc::{IdTokenExpect, validate_id_token},
};
use domain::Digest;
use serde_json::{Value, json};
use std::time::Duration;

fn validated(
    claims: &Value,
    access_token: Option<&str>,
    max_age: Option<u64>,
) -> Result<IdentityClaims, TokenError> {
    let access_token = access_token.map(secret);
    let expect = IdTokenExpect {
        issuer: &issuer(),
        client_id: CLIENT,
        nonce: &secret(NONCE),
        access_token: access_token.as_ref(),
        max_age: max_age.map(Duration::from_secs),
    };
    let keys = key_set(&[P256.jwk(json!({ "kid": "k1" }))]);
    validate_id_token(&P256.sign("ES256", claims), &keys, &expect, NOW, LEEWAY)
}

fn alice_with(difference: Value) -> Result<IdentityClaims, TokenError> {
    validated(&with(alice(), difference), None, None)
}

#[test]
fn alice_is_who_her_provider_says() {
    let further =
        json!({ "acr": "loa2", "amr": ["pwd", "otp", 7], "auth_time": NOW.seconds() - 5, "sid": "s1" });
    let alice = alice_with(further).unwrap();
    assert_eq!(alice.subject, "alice-at-contoso");
    assert_eq!(alice.name.as_ref().map(|name| name.as_str()), Some("Alice Example"));
    assert_eq!(alice.email.as_ref().map(|email| email.as_str()), Some("alice@contoso.test"));
    assert!(alice.email_verified);
    assert_eq!((alice.acr.as_deref(), alice.sid.as_deref()), (Some("loa2"), Some("s1")));
    assert_eq!(alice.amr, ["pwd", "otp"]);
    assert_eq!(alice.auth_time, Some(NOW - Duration::from_secs(5)));
    assert_eq!(alice.raw["iss"], ISSUER);
    assert_eq!(format!("{alice:?}"), "IdentityClaims(…)");
}

#[test]
fn what_a_provider_does_not_say_is_not_made_up() {
    let nothing =
        json!({ "name": null, "email": null, "email_verified": null, "preferred_username": "ally" });
    let bare = alice_with(nothing).unwrap();
    assert_eq!((&bare.name, &bare.email, bare.email_verified), (&None, &None, false));
    assert_eq!((&bare.acr, &bare.sid, bare.auth_time), (&None, &None, None));
    let empty = alice_with(json!({ "name": " ", "email": "", "acr": "" })).unwrap();
    assert_eq!((empty.name, empty.email, empty.acr), (None, None, None));
    let odd = alice_with(json!({ "name": "a\u{202e}b", "email": "nobody", "amr": "pwd" })).unwrap();
    assert_eq!((odd.name, odd.email, odd.amr), (None, None, vec![]));
}

#[test]
fn an_address_is_verified_only_by_a_plain_true() {
    for not_true in [json!("true"), json!(1), json!("false"), json!([true])] {
        assert!(!alice_with(json!({ "email_verified": not_true })).unwrap().email_verified);
    }
}

#[test]
fn wrong_nonce_is_refused() {
    for nonce in [json!("another"), json!(format!("{NONCE} ")), json!([NONCE]), json!(""), json!(null)] {
        assert_eq!(alice_with(json!({ "nonce": nonce })), Err(TokenError::Nonce));
    }
}

#[test]
fn subjects_are_neither_missing_nor_empty_nor_endless() {
    let long = "a".repeat(256);
    for subject in [json!(null), json!(""), json!(long), json!(7), json!("a\u{0}b")] {
        assert_eq!(alice_with(json!({ "sub": subject })), Err(TokenError::Subject));
    }
    assert!(alice_with(json!({ "sub": "a".repeat(255) })).is_ok());
}

#[test]
fn a_token_that_does_not_say_when_it_was_made_is_refused() {
    assert!(matches!(alice_with(json!({ "iat": null })), Err(TokenError::Malformed(_))));
}

#[test]
fn an_access_token_that_was_swapped_is_noticed() {
    let half = encode(&Digest::of(b"the access token").bytes()[..16]);
    let claims = with(alice(), json!({ "at_hash": half }));
    assert!(validated(&claims, Some("the access token"), None).is_ok());
    assert_eq!(validated(&claims, Some("another"), None), Err(TokenError::AccessToken));
    let odd = with(alice(), json!({ "at_hash": [half] }));
    assert_eq!(validated(&odd, Some("the access token"), None), Err(TokenError::AccessToken));
    assert!(validated(&alice(), Some("unbound"), None).is_ok());
}

#[test]
fn the_access_tokens_hash_is_that_of_the_algorithm() {
    // OpenID Connect Core 1.0, appendix A.3 holds an example for RS256.
    let example = Algorithm::Rs256.hash(b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    assert_eq!(encode(&example[..16]), "77QmUPtjPfzWtF2AnpK9RQ");
    let length = |algorithm: Algorithm| algorithm.hash(b"").len();
    assert_eq!([Algorithm::Ps256, Algorithm::Es384, Algorithm::EdDsa].map(length), [32, 48, 64]);
}

#[test]
fn a_stale_sign_in_at_the_provider_is_refused_where_a_fresh_one_was_asked_for() {
    let signed_in = |ago: i64| with(alice(), json!({ "auth_time": NOW.seconds() - ago }));
    assert!(validated(&signed_in(660), None, Some(600)).is_ok());
    assert_eq!(validated(&signed_in(661), None, Some(600)), Err(TokenError::Stale));
    assert_eq!(validated(&alice(), None, Some(600)), Err(TokenError::Stale));
}

#[test]
fn fabrikams_provider_says_nothing_about_contosos_people() {
    let theirs = with(alice(), json!({ "iss": "https://idp.fabrikam.test" }));
    assert_eq!(validated(&theirs, None, None), Err(TokenError::Issuer));
    let for_another = with(alice(), json!({ "aud": "contosos-other-application" }));
    assert_eq!(validated(&for_another, None, None), Err(TokenError::Audience));
}
