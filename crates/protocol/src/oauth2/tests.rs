//! Plain OAuth 2.0: what is asked, and what is believed.

use super::*;
use crate::oidc::{ExtraParameters, Transport};
use serde_json::{Value, json};

const GITHUB: &str = "oauth2+https://github.com/login/oauth/authorize?token=https%3A%2F%2Fgithub.com%2Flogin%2Foauth%2Faccess_token&user=https%3A%2F%2Fapi.github.com%2Fuser&subject=id&emails=https%3A%2F%2Fapi.github.com%2Fuser%2Femails";

fn github() -> Plain {
    Plain::parse(GITHUB, Transport::Https).unwrap()
}

fn identity(user: Value, emails: Option<Value>) -> Result<crate::IdentityClaims, String> {
    let (user, emails) = (user.to_string(), emails.map(|emails| emails.to_string()));
    let emails = emails.as_ref().map(|emails| (200, emails.as_bytes()));
    github().identity((200, user.as_bytes()), emails).map_err(|error| error.to_string())
}

#[test]
fn a_provider_is_named_by_where_it_is_asked() {
    assert!(Plain::names(GITHUB) && !Plain::names("https://github.com"));
    assert_eq!(github().issuer(), GITHUB);
    assert_eq!(github().endpoints().count(), 4);
    for bad in [
        "https://a.test",
        "oauth2+https://a.test",
        "oauth2+https://a.test?token=https://a.test/t",
        "oauth2+http://a.test?token=https://a.test/t&user=https://a.test/u",
        "oauth2+https://a.test?token=http://a.test/t&user=https://a.test/u",
        "oauth2+https://a.test?token=file:///etc/passwd&user=https://a.test/u",
        "oauth2+https://u:p@a.test?token=https://a.test/t&user=https://a.test/u",
        "oauth2+https://a.test?token=https://a.test/t&user=https://a.test/u&user=https://b.test/u",
        "oauth2+https://a.test?token=https://a.test/t&user=https://a.test/u&more=1",
        "oauth2+https://a.test?token=https://a.test/t&user=https://a.test/u&subject=email",
        "oauth2+https://a.test?token=https://a.test/t&user=https://a.test/u&subject=data.login",
        "oauth2+https://a.test?token=https://a.test/t&user=https://a.test/u&subject=a.b.c.d.e",
    ] {
        assert!(Plain::parse(bad, Transport::Https).is_err(), "{bad}");
    }
}

#[test]
fn the_request_has_state_and_challenge_and_asks_for_no_id_token() {
    let extra = ExtraParameters::parse([("allow_signup".to_owned(), "false".to_owned())]).unwrap();
    let request = Request {
        client_id: "c",
        redirect_uri: "https://id.test/callback/x",
        scope: "read:user user:email",
        state: "s",
        code_challenge: "h",
        extra: &extra,
    };
    let address = github().address(&request).to_string();
    assert!(address.starts_with("https://github.com/login/oauth/authorize?response_type=code&client_id=c&"));
    for part in [
        "state=s",
        "code_challenge=h",
        "code_challenge_method=S256",
        "scope=read%3Auser+user%3Aemail",
        "allow_signup=false",
    ] {
        assert!(address.contains(part), "{address}");
    }
    assert!(!address.contains("openid") && !address.contains("nonce") && !address.contains("token="));
}

#[test]
fn a_refusal_with_status_200_is_a_refusal() {
    let refused =
        access_token(200, br#"{"error":"bad_verification_code","error_description":"no"}"#).unwrap_err();
    assert!(refused.to_string().contains("bad_verification_code"), "{refused}");
    assert_eq!(*access_token(200, br#"{"access_token":"a","token_type":"bearer"}"#).unwrap().reveal(), "a");
    for bad in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"","token_type":"bearer"}"#,
        "access_token=a&token_type=bearer",
        r#"{"access_token":"a","access_token":"b","token_type":"bearer"}"#,
    ] {
        assert!(access_token(200, bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(access_token(500, br#"{"access_token":"a","token_type":"bearer"}"#).is_err());
}

#[test]
fn who_it_is_stands_in_the_named_member_and_nowhere_else() {
    let of = |user: Value| identity(user, None).map(|claims| claims.subject);
    assert_eq!(of(json!({ "id": 42, "login": "octo" })).unwrap(), "42");
    assert_eq!(of(json!({ "id": "42" })).unwrap(), "42");
    for bad in [
        json!({}),
        json!({ "id": null }),
        json!({ "id": "" }),
        json!({ "id": 4.2 }),
        json!({ "id": [42] }),
        json!({ "sub": "42" }),
        json!({ "id": "4\n2" }),
    ] {
        assert!(of(bad.clone()).is_err(), "{bad}");
    }
    assert!(github().identity((401, b"{\"id\":1}"), None).is_err());
    let deep = Plain { subject: "data.id".into(), ..github() };
    assert_eq!(deep.identity((200, br#"{"data":{"id":"x"}}"#), None).unwrap().subject, "x");
}

#[test]
fn only_an_address_that_was_checked_counts_and_no_evidence_is_taken_from_a_document() {
    let user = json!({ "id": 1, "email": "boss@contoso.test", "email_verified": true, "acr": "high", "amr": ["mfa"], "tid": "t", "iss": "https://idp.test" });
    let list = json!([
        { "email": "old@x.test", "primary": false, "verified": true },
        { "email": "boss@contoso.test", "primary": true, "verified": false },
    ]);
    let claims = identity(user.clone(), Some(list)).unwrap();
    assert!(claims.email.is_none() && !claims.email_verified);
    assert!(claims.acr.is_none() && claims.amr.is_empty());
    for name in ["acr", "amr", "tid", "iss", "email", "email_verified"] {
        assert!(!claims.raw.contains_key(name), "{name}");
    }
    let list = json!([{ "email": "octo@x.test", "primary": true, "verified": true }]);
    let claims = identity(user, Some(list)).unwrap();
    assert!(claims.email_verified && claims.raw["email"] == "octo@x.test");
}
