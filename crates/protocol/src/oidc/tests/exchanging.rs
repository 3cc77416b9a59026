//! The code becomes tokens.

use super::secret;
use crate::{
    forge::with,
    oidc::{ClientAuthentication, Exchange, ProviderError, TokenRequest, Tokens},
    pkce::Verifier,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Secret;
use serde_json::{Value, json};
use std::collections::HashMap;

fn request(authentication: ClientAuthentication, client_secret: Option<&Secret<String>>) -> TokenRequest {
    Exchange {
        client_id: "party wall:1",
        client_secret,
        authentication,
        code: &secret("the+code"),
        redirect_uri: "https://id.example.test/callback/con_1",
        verifier: &Verifier::parse(&"v".repeat(43)).unwrap(),
    }
    .request()
}

fn form(request: &TokenRequest) -> HashMap<String, String> {
    url::form_urlencoded::parse(request.body.reveal().as_bytes()).into_owned().collect()
}

#[test]
fn the_code_is_exchanged_with_its_verifier_and_the_secret_in_the_header() {
    let request = request(ClientAuthentication::Basic, Some(&secret("s:3 cr%t+é")));
    let form = form(&request);
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "the+code");
    assert_eq!(form["code_verifier"], "v".repeat(43));
    assert_eq!(form["redirect_uri"], "https://id.example.test/callback/con_1");
    assert!(!form.contains_key("client_secret") && !form.contains_key("client_id"));
    // Each half form-encoded before they are joined (RFC 6749 section 2.3.1).
    let expected = BASE64_STANDARD.encode("party+wall%3A1:s%3A3+cr%25t%2B%C3%A9");
    assert_eq!(request.authorization.unwrap().reveal(), &format!("Basic {expected}"));
}

#[test]
fn the_secret_goes_into_the_body_where_the_provider_wants_it_there_and_nowhere_without_one() {
    let post = request(ClientAuthentication::Post, Some(&secret("s3cr&t")));
    assert!(post.authorization.is_none());
    assert_eq!(form(&post)["client_secret"], "s3cr&t");
    let public = request(ClientAuthentication::None, None);
    assert!(public.authorization.is_none());
    assert_eq!(form(&public)["client_id"], "party wall:1");
    assert!(!format!("{post:?}").contains("s3cr"));
}

fn answer(difference: Value) -> Result<Tokens, ProviderError> {
    let good =
        json!({ "token_type": "Bearer", "access_token": "at", "id_token": "a.b.c", "expires_in": 300 });
    Tokens::parse(200, with(good, difference).to_string().as_bytes())
}

#[test]
fn tokens_come_out_of_a_good_answer_only() {
    assert_eq!(answer(json!({})).unwrap().id_token.reveal(), "a.b.c");
    assert!(answer(json!({ "token_type": "bearer" })).is_ok());
    for odd in [
        json!({ "token_type": "DPoP" }),
        json!({ "token_type": null }),
        json!({ "id_token": null }),
        json!({ "id_token": "" }),
        json!({ "id_token": 7 }),
        json!({ "access_token": null }),
        json!({ "padding": "a".repeat(70_000) }),
    ] {
        assert!(matches!(answer(odd), Err(ProviderError::Answer(_))));
    }
    for (status, body) in [(200, "<html>"), (502, "<html>"), (302, "{}"), (200, "[]")] {
        assert!(matches!(Tokens::parse(status, body.as_bytes()), Err(ProviderError::Answer(_))));
    }
}

#[test]
fn a_replayed_code_is_the_providers_refusal() {
    let body = json!({ "error": "invalid_grant", "error_description": "code already used" }).to_string();
    for status in [400, 401, 200] {
        let Err(ProviderError::Refused(refusal)) = Tokens::parse(status, body.as_bytes()) else { panic!() };
        assert_eq!(refusal.code, "invalid_grant");
        assert_eq!(refusal.description.as_deref(), Some("code already used"));
    }
}
