//! Finding the provider, and telling it from others.

use super::{discovered, issuer, metadata};
use crate::{
    forge::{ISSUER, with},
    oidc::{ClientAuthentication, Issuer, ProviderError, ProviderMetadata, Transport},
};
use domain::Fault;
use serde_json::{Value, json};

#[test]
fn an_issuer_is_an_https_address_and_its_metadata_lies_beneath_it() {
    let address =
        |text| Issuer::parse(text, Transport::Https).map(|issuer| issuer.metadata_address().to_string());
    let expected = "https://idp.test/.well-known/openid-configuration";
    assert_eq!(address("https://idp.test").as_deref(), Ok(expected));
    assert_eq!(address("https://idp.test/").as_deref(), Ok(expected));
    let beneath = "https://idp.test/realms/a/.well-known/openid-configuration";
    assert_eq!(address("https://idp.test/realms/a").as_deref(), Ok(beneath));
    for bad in [
        "",
        "idp.test",
        "http://idp.test",
        "file:///etc/passwd",
        "https://",
        "https://idp.test?tenant=a",
        "https://idp.test#a",
        "https://user@idp.test",
        "https://idp.test\n",
        "https:\\\\idp.test",
        &format!("https://idp.test/{}", "a".repeat(3_000)),
    ] {
        assert!(address(bad).is_err(), "{bad}");
    }
    assert!(Issuer::parse("http://127.0.0.2:9000", Transport::Development).is_ok());
}

#[test]
fn metadata_says_where_to_go_and_what_to_expect() {
    let provider = discovered(json!({})).unwrap();
    assert_eq!(provider.token_endpoint.as_str(), "https://idp.contoso.test/token");
    assert!(provider.announces_pkce && !provider.names_itself_in_answers);
    let naming = discovered(json!({ "authorization_response_iss_parameter_supported": true })).unwrap();
    assert!(naming.names_itself_in_answers);
    let quiet = discovered(json!({ "end_session_endpoint": null, "code_challenge_methods_supported": null }));
    assert!(quiet.is_ok_and(|quiet| quiet.end_session_endpoint.is_none() && !quiet.announces_pkce));
}

#[test]
fn metadata_of_another_issuer_is_refused_to_the_last_letter() {
    for other in ["https://idp.fabrikam.test", "https://idp.contoso.test/", "https://IDP.contoso.test", ""] {
        assert_eq!(discovered(json!({ "issuer": other })), Err(ProviderError::IssuerMismatch), "{other}");
    }
    let template = "https://idp.contoso.test/{tenantid}/v2.0";
    assert_eq!(discovered(json!({ "issuer": template })), Err(ProviderError::IssuerMismatch));
    assert_eq!(discovered(json!({ "issuer": null })), Err(ProviderError::IssuerMismatch));
}

#[test]
fn endpoints_without_https_are_refused_outside_the_development_setting() {
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"] {
        for odd in [json!("http://idp.contoso.test/x"), json!("javascript:alert(1)"), json!("/x"), json!(7)] {
            assert!(
                matches!(discovered(json!({ name: odd })), Err(ProviderError::Metadata(_))),
                "{name} {odd}"
            );
        }
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert!(matches!(discovered(json!({ name: null })), Err(ProviderError::Metadata(_))), "{name}");
    }
    let plain = with(metadata(), json!({ "token_endpoint": "http://127.0.0.2:9000/token" })).to_string();
    assert!(ProviderMetadata::parse(plain.as_bytes(), &issuer(), Transport::Development).is_ok());
}

#[test]
fn a_provider_that_cannot_work_is_told_so_before_the_first_sign_in() {
    let error = discovered(json!({ "response_types_supported": ["id_token"] })).unwrap_err();
    assert_eq!(error.code(), "provider.metadata");
    assert_eq!(error.detail().as_deref(), Some("it does not offer the authorization code flow"));
    let weak = discovered(json!({ "id_token_signing_alg_values_supported": ["HS256", "none"] }));
    assert!(matches!(weak, Err(ProviderError::Metadata(_))));
}

#[test]
fn oversized_and_odd_metadata_is_refused() {
    let long = with(metadata(), json!({ "padding": "a".repeat(70_000) })).to_string();
    let twice = metadata().to_string().replacen('{', &format!("{{\"issuer\":\"{ISSUER}\","), 1);
    for text in [long.as_str(), &twice, "", "[]", "<html>", "null"] {
        let parsed = ProviderMetadata::parse(text.as_bytes(), &issuer(), Transport::Https);
        assert!(matches!(parsed, Err(ProviderError::Metadata(_))));
    }
}

#[test]
fn the_secret_is_shown_as_the_provider_wants_it() {
    let methods =
        |methods: Value| discovered(json!({ "token_endpoint_auth_methods_supported": methods })).unwrap();
    let chosen = |list: Value| methods(list).client_authentication(true);
    assert_eq!(chosen(json!(null)), Ok(ClientAuthentication::Basic));
    assert_eq!(chosen(json!(["client_secret_post", "client_secret_basic"])), Ok(ClientAuthentication::Basic));
    assert_eq!(chosen(json!(["client_secret_post"])), Ok(ClientAuthentication::Post));
    assert!(chosen(json!(["private_key_jwt"])).is_err());
    assert_eq!(methods(json!(["none"])).client_authentication(false), Ok(ClientAuthentication::None));
}
