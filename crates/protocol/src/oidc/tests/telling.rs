//! What the ID token leaves out, the userinfo endpoint tells.

use super::{discovered, issuer, secret};
use crate::{
    IdentityClaims,
    forge::{CLIENT, LEEWAY, NONCE, NOW, P256, alice, key_set, with},
    oidc::{IdTokenExpect, UserInfo, UserInfoError, validate_id_token},
};
use serde_json::{Value, json};

const ALICE: &str = "alice-at-contoso";

fn alice_with(difference: Value) -> IdentityClaims {
    let expect = IdTokenExpect {
        issuer: &issuer(),
        client_id: CLIENT,
        nonce: &secret(NONCE),
        access_token: None,
        max_age: None,
    };
    let token = P256.sign("ES256", &with(alice(), difference));
    let keys = key_set(&[P256.jwk(json!({ "kid": "k1" }))]);
    validate_id_token(&token, &keys, &expect, NOW, LEEWAY).unwrap()
}

fn bare() -> IdentityClaims {
    alice_with(json!({ "name": null, "email": null, "email_verified": null }))
}

fn told(body: Value) -> Result<UserInfo, UserInfoError> {
    UserInfo::parse(200, Some("application/json; charset=utf-8"), body.to_string().as_bytes(), ALICE)
}

fn completed(claims: IdentityClaims, body: Value) -> IdentityClaims {
    let Ok(info) = told(body) else { panic!("it is about Alice") };
    claims.completed(info)
}

#[test]
fn what_the_token_leaves_out_is_told_by_the_userinfo_endpoint() {
    assert!(bare().name.is_none() && alice_with(json!({})).name.is_some());
    let body = json!({ "sub": ALICE, "name": "Alice", "email": "al@ice.test", "email_verified": true, "zoneinfo": "UTC" });
    let alice = completed(bare(), body);
    assert_eq!(alice.name.as_ref().map(|name| name.as_str()), Some("Alice"));
    assert_eq!(alice.email.as_ref().map(|email| email.as_str()), Some("al@ice.test"));
    assert!(alice.email_verified && alice.name.is_some());
    assert_eq!((&alice.raw["zoneinfo"], &alice.raw["name"]), (&json!("UTC"), &json!("Alice")));
}

#[test]
fn what_the_token_says_stays_and_nothing_is_made_up() {
    let body = json!({
        "sub": ALICE, "name": "Mallory", "email": "other@ice.test", "email_verified": false,
        "nonce": "another", "acr": "high", "sid": "theirs", "exp": 1
    });
    let alice = completed(alice_with(json!({ "name": null })), body);
    assert_eq!(alice.name.as_ref().map(|name| name.as_str()), Some("Mallory"), "the token had none");
    assert_eq!(alice.email.as_ref().map(|email| email.as_str()), Some("alice@contoso.test"));
    assert!(alice.email_verified, "said of the address that the token told");
    assert_eq!((&alice.acr, &alice.sid, &alice.raw["nonce"]), (&None, &None, &json!(NONCE)));
    assert!(!alice.raw.contains_key("acr"));

    // That an address was checked is not said of another one.
    let unchecked = alice_with(json!({ "email_verified": null }));
    let unchecked =
        completed(unchecked, json!({ "sub": ALICE, "email": "x@y.test", "email_verified": true }));
    assert!(!unchecked.email_verified && !unchecked.raw.contains_key("email_verified"));
    for body in [json!({ "sub": ALICE }), json!({ "sub": ALICE, "name": 7, "email": "nobody" })] {
        let nobody = completed(bare(), body);
        assert_eq!((nobody.name, nobody.email, nobody.email_verified), (None, None, false));
    }
}

#[test]
fn an_answer_about_somebody_else_is_told_apart_from_one_that_is_of_no_use() {
    for other in
        [json!("mallory"), json!("Alice-at-contoso"), json!("alice-at-contoso "), json!(""), json!(7)]
    {
        assert_eq!(told(json!({ "sub": other, "name": "M" })).err(), Some(UserInfoError::Subject));
    }
    assert!(matches!(told(json!({ "name": "nobody's" })), Err(UserInfoError::Answer(_))));
    let good = json!({ "sub": ALICE }).to_string();
    let long = json!({ "sub": ALICE, "padding": "a".repeat(70_000) }).to_string();
    for (status, kind, body) in [
        (401, "application/json", good.as_str()),
        (302, "application/json", &good),
        (200, "application/jwt", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
        (200, "application/JWT; charset=utf-8", &good),
        (200, "text/html", "<html>"),
        (200, "application/json", r#"{"sub":"alice-at-contoso","sub":"mallory"}"#),
        (200, "application/json", "[]"),
        (200, "application/json", &long),
    ] {
        let outcome = UserInfo::parse(status, Some(kind), body.as_bytes(), ALICE);
        assert!(
            matches!(outcome, Err(UserInfoError::Answer(_))),
            "{status} {kind} {}",
            &body[..10.min(body.len())]
        );
    }
}

#[test]
fn where_to_ask_is_in_the_metadata_and_an_address_that_may_not_be_called_is_none() {
    let at = |value: Value| discovered(json!({ "userinfo_endpoint": value })).unwrap().userinfo_endpoint;
    assert_eq!(at(json!("https://idp.contoso.test/me")).unwrap().path(), "/me");
    for none in [Value::Null, json!("http://idp.contoso.test/me"), json!("/me"), json!(7)] {
        assert!(at(none).is_none());
    }
}
