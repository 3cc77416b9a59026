//! The browser comes back, perhaps with somebody else's answer.

use super::{discovered, secret};
use crate::oidc::{Callback, CallbackError, ProviderMetadata};
use domain::Secret;
use serde_json::json;

fn accepted(query: &str, provider: &ProviderMetadata) -> Result<Secret<String>, CallbackError> {
    Callback::parse(query)?.accept(&secret("the-state"), provider)
}

#[test]
fn the_code_comes_back_to_the_browser_that_began() {
    let provider = discovered(json!({})).unwrap();
    let code = accepted("code=a%2Bb&state=the-state&session_state=x", &provider).unwrap();
    assert_eq!(code.reveal(), "a+b");
    assert_eq!(Callback::parse("code=c&state=abc").unwrap().state(), "abc");
}

#[test]
fn wrong_state_is_refused_even_with_a_refusal() {
    let provider = discovered(json!({})).unwrap();
    assert_eq!(accepted("code=c&state=the-statf", &provider), Err(CallbackError::State));
    assert_eq!(accepted("error=access_denied&state=other", &provider), Err(CallbackError::State));
}

#[test]
fn mix_up_iss_of_another_provider_is_refused() {
    let provider = discovered(json!({})).unwrap();
    let eve = "code=c&state=the-state&iss=https%3A%2F%2Fidp.eve.test";
    assert_eq!(accepted(eve, &provider), Err(CallbackError::Issuer));
    assert_eq!(
        accepted(&eve.replace("code=c", "error=access_denied"), &provider),
        Err(CallbackError::Issuer)
    );
    assert_eq!(accepted("code=c&state=the-state&iss=", &provider), Err(CallbackError::Issuer));
    assert!(accepted("code=c&state=the-state&iss=https://idp.contoso.test", &provider).is_ok());
}

#[test]
fn a_provider_that_names_itself_must_do_so() {
    let provider = discovered(json!({ "authorization_response_iss_parameter_supported": true })).unwrap();
    assert_eq!(accepted("code=c&state=the-state", &provider), Err(CallbackError::Issuer));
    assert!(accepted("code=c&state=the-state&iss=https://idp.contoso.test", &provider).is_ok());
}

#[test]
fn a_refusal_says_why_in_words_that_are_safe_to_log() {
    let provider = discovered(json!({})).unwrap();
    let query = "error=access_denied&error_description=No%0D%0Ainjected+%E2%80%AEline&state=the-state";
    let Err(CallbackError::Refused(refusal)) = accepted(query, &provider) else { panic!("refused") };
    assert_eq!(refusal.code, "access_denied");
    assert_eq!(refusal.description.as_deref(), Some("No  injected  line"));
}

#[test]
fn repeated_missing_and_odd_parameters_are_refused() {
    for bad in [
        "",
        "code=c",
        "state=s",
        "code=&state=s",
        "code=c&state=",
        "code=c&code=d&state=s",
        "code=c&state=s&state=s",
        "code=c&state=s&iss=a&iss=a",
        "code=c&error=access_denied&state=s",
        "error=%3Cscript%3E&state=s",
        "error=&state=s",
        "code=%FF&state=s",
        "code=c%0A&state=s",
        "code=c&state=%C3%BC",
        &format!("code={}&state=s", "c".repeat(9_000)),
        &format!("code=c&state={}", "s".repeat(600)),
        &format!("code=c&state=s&x={}", "x".repeat(20_000)),
    ] {
        assert!(matches!(Callback::parse(bad), Err(CallbackError::Malformed(_))), "{bad:.60}");
    }
}
