//! The browser leaves for the provider, to sign in or out.

use super::{discovered, secret};
use crate::{
    forge::{CLIENT, NONCE},
    oidc::{Authorize, ExtraParameters, Logout, ProviderError},
};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use url::Url;

fn pairs(address: &Url) -> HashMap<String, String> {
    let pairs: Vec<_> = address.query_pairs().into_owned().collect();
    let map: HashMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(pairs.len(), map.len(), "no parameter stands twice in {address}");
    map
}

fn extra(pairs: &[(&str, &str)]) -> Result<ExtraParameters, ProviderError> {
    ExtraParameters::parse(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

fn request<'a>(endpoint: &'a Url, extra: &'a ExtraParameters) -> Authorize<'a> {
    Authorize {
        endpoint,
        client_id: CLIENT,
        redirect_uri: "https://id.example.test/callback/con_1",
        scope: "profile email",
        state: "the state",
        nonce: NONCE,
        code_challenge: "challenge",
        login_hint: None,
        prompt: None,
        max_age: None,
        extra,
    }
}

#[test]
fn the_browser_is_sent_with_state_nonce_and_challenge() {
    let endpoint = Url::parse("https://idp.test/authorize").unwrap();
    let query = pairs(&request(&endpoint, &ExtraParameters::default()).address());
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://id.example.test/callback/con_1"),
        ("scope", "openid profile email"),
        ("state", "the state"),
        ("nonce", NONCE),
        ("code_challenge", "challenge"),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(query, expected.map(|(name, value)| (name.into(), value.into())).into());
}

#[test]
fn the_provider_is_told_the_tenant_and_whom_to_expect() {
    let endpoint = Url::parse("https://idp.test/authorize").unwrap();
    let extra = extra(&[("domain_hint", "contoso.test"), ("organization", "contoso & sons")]).unwrap();
    let request = Authorize {
        login_hint: Some("alice@contoso.test"),
        prompt: Some("login"),
        max_age: Some(Duration::from_secs(600)),
        ..request(&endpoint, &extra)
    };
    let query = pairs(&request.address());
    assert_eq!(query["domain_hint"], "contoso.test");
    assert_eq!(query["organization"], "contoso & sons");
    assert_eq!(query["login_hint"], "alice@contoso.test");
    assert_eq!((query["prompt"].as_str(), query["max_age"].as_str()), ("login", "600"));
}

#[test]
fn the_endpoints_own_query_stays_but_does_not_speak_for_us() {
    let endpoint =
        Url::parse("https://idp.test/authorize?p=b2c&state=eve&redirect_uri=x&domain_hint=y").unwrap();
    let extra = extra(&[("domain_hint", "contoso.test")]).unwrap();
    let query = pairs(&request(&endpoint, &extra).address());
    assert_eq!(query["p"], "b2c");
    assert_eq!(query["state"], "the state");
    assert_eq!(query["domain_hint"], "contoso.test");
}

#[test]
fn extra_parameters_never_speak_for_the_protocol() {
    for name in
        ["redirect_uri", "state", "nonce", "response_mode", "request", "request_uri", "scope", "prompt"]
    {
        assert!(extra(&[(name, "x")]).is_err(), "{name}");
    }
    assert!(extra(&[("a", "1"), ("a", "2")]).is_err());
    assert!(extra(&[("", "1")]).is_err());
    assert!(extra(&[("a b", "1")]).is_err());
    assert!(extra(&[("a", &"x".repeat(600))]).is_err());
    let many: Vec<_> = (0..17).map(|n| (format!("a{n}"), String::new())).collect();
    assert!(ExtraParameters::parse(many).is_err());
}

#[test]
fn signing_out_goes_by_the_providers_logout_page() {
    let provider = discovered(json!({})).unwrap();
    let token = secret("id.token.hint");
    let logout = Logout {
        endpoint: provider.end_session_endpoint.as_ref().unwrap(),
        client_id: CLIENT,
        id_token_hint: Some(&token),
        post_logout_redirect_uri: Some("https://contoso.example.test/"),
        state: None,
    };
    let query = pairs(&logout.address());
    assert_eq!((query["from"].as_str(), query["id_token_hint"].as_str()), ("app", "id.token.hint"));
    assert_eq!(query["post_logout_redirect_uri"], "https://contoso.example.test/");
    assert!(!query.contains_key("state"));
}
