//! What is believed, and what its parts must say.

use super::forge::*;
use crate::saml::{
    AuthnRequest, Disbelieved, Expect, OwnKey, SamlError, read_response, request_id, state_of,
};
use domain::Moment;
use serde_json::json;
use std::time::Duration;
use url::Url;

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

#[test]
fn a_sound_answer_says_who_signed_in() {
    for signs in [Signs::Assertion, Signs::Response, Signs::Both] {
        let believed = take(&answer_with(|answer| answer.signs = signs).by(&CONTOSO)).unwrap();
        let claims = &believed.claims;
        assert_eq!(claims.subject, "unspecified:alice");
        assert_eq!(claims.email.as_ref().map(ToString::to_string).as_deref(), Some("alice@contoso.test"));
        assert!(!claims.email_verified && claims.name.is_none());
        assert_eq!(claims.raw["groups"], json!(["a", "b"]));
        assert_eq!(claims.raw["NameID"], "alice");
        assert_eq!((claims.sid.as_deref(), claims.auth_time), (Some("s1"), Some(NOW)));
        assert!(claims.acr.as_deref().unwrap().ends_with("PasswordProtectedTransport"));
        assert_eq!(believed.in_response_to.as_deref(), Some(REQUEST));
        assert_eq!(believed.ends, NOW + Duration::from_secs(360));
    }
}

#[test]
fn an_encrypted_assertion_opens_with_our_key_only() {
    for (signs, data) in [
        (Signs::Assertion, GCM),
        (Signs::Response, "http://www.w3.org/2009/xmlenc11#aes128-gcm"),
        (Signs::Both, GCM),
    ] {
        let xml = encrypted(&answer_with(|answer| answer.signs = signs), data, OAEP);
        assert!(!xml.contains("alice"));
        assert_eq!(take(&xml).unwrap().claims.subject, "unspecified:alice");
        let other = [STRANGER.clone()];
        let refused = take_refused(&xml, &other);
        assert!(matches!(refused, SamlError::Encrypted(_)), "{refused}");
    }
}

fn take_refused(xml: &str, keys: &[OwnKey]) -> SamlError {
    let certificates = [CONTOSO.certificate().clone()];
    let expect = Expect {
        provider: PROVIDER,
        certificates: &certificates,
        entity_id: ENTITY,
        consumer: CONSUMER,
        keys,
        subject: None,
        now: NOW,
        leeway: Duration::ZERO,
    };
    let field = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, xml);
    read_response(&field, &expect).unwrap_err().why
}

#[test]
fn while_a_provider_changes_its_key_both_are_believed() {
    let both = [CONTOSO.certificate().clone(), STRANGER.certificate().clone()];
    for key in [&CONTOSO, &STRANGER] {
        assert!(take_by(&Answer::default().by(key), &both, |_| {}).is_ok());
    }
    assert_eq!(take(&Answer::default().by(&STRANGER)).unwrap_err(), SamlError::UnknownKey);
}

#[test]
fn names_of_different_kinds_and_places_are_different_subjects() {
    let subject = |name: &str| {
        let answer = answer_with(|answer| answer.name = name.to_owned());
        take(&answer.by(&CONTOSO)).unwrap().claims.subject
    };
    let persistent = "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"";
    let all = [
        subject("<saml:NameID>a@contoso.test</saml:NameID>"),
        subject(
            "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">a@contoso.test</saml:NameID>",
        ),
        subject(&format!("<saml:NameID {persistent}>a@contoso.test</saml:NameID>")),
        subject(&format!("<saml:NameID {persistent} SPNameQualifier=\"other\">a@contoso.test</saml:NameID>")),
        subject(&format!("<saml:NameID {persistent} NameQualifier=\"other\">a@contoso.test</saml:NameID>")),
        subject("<saml:NameID NameQualifier=\"other\">a@contoso.test</saml:NameID>"),
    ];
    for (place, one) in all.iter().enumerate() {
        assert!(!all[..place].contains(one), "{all:?}");
    }
    // What goes without saying may be said.
    let said = format!(
        "<saml:NameID {persistent} NameQualifier=\"{PROVIDER}\" SPNameQualifier=\"{ENTITY}\">a@contoso.test</saml:NameID>"
    );
    assert_eq!(subject(&said), all[2]);
    let elsewhere = answer_with(|answer| {
        answer.name = format!("<saml:NameID {persistent}>a@contoso.test</saml:NameID>");
        answer.audience = answer.audience.replace("con_1", "con_2");
    });
    let elsewhere =
        take_with(&elsewhere.by(&CONTOSO), |expect| expect.entity_id = "https://id.example.test/saml/con_2");
    assert_ne!(elsewhere.unwrap().claims.subject, all[2], "another service's persistent names are others");
}

#[test]
fn a_transient_name_is_nobody_unless_an_attribute_names_people() {
    let answer = answer_with(|answer| {
        answer.name =
            "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">x</saml:NameID>"
                .into();
        answer.attributes += &attribute("employee", &["4711"]);
    });
    let xml = answer.by(&CONTOSO);
    assert!(matches!(take(&xml), Err(SamlError::Subject(_))));
    let named = take_with(&xml, |expect| expect.subject = Some("employee")).unwrap();
    assert_eq!(named.claims.subject, "attribute employee:4711");
    assert!(matches!(take_with(&xml, |expect| expect.subject = Some("groups")), Err(SamlError::Subject(_))));
    assert!(matches!(take_with(&xml, |expect| expect.subject = Some("missing")), Err(SamlError::Subject(_))));
}

#[test]
fn names_and_addresses_are_found_under_the_names_that_vendors_use() {
    let person = |attributes: String| {
        let answer = answer_with(|answer| answer.attributes = attributes);
        let claims = take(&answer.by(&CONTOSO)).unwrap().claims;
        let text = |value: Option<String>| value.unwrap_or_default();
        (text(claims.name.map(|name| name.to_string())), text(claims.email.map(|email| email.to_string())))
    };
    let xmlsoap = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    let entra = attribute(&format!("{xmlsoap}/givenname"), &["Alice"])
        + &attribute(&format!("{xmlsoap}/surname"), &["Example"])
        + &attribute(&format!("{xmlsoap}/emailaddress"), &["alice@contoso.test"]);
    let ldap = attribute("urn:oid:2.16.840.1.113730.3.1.241", &["Alice Example"])
        + &attribute("urn:oid:0.9.2342.19200300.100.1.3", &["alice@contoso.test"]);
    let plain = attribute("firstName", &["Alice"])
        + &attribute("lastName", &["Example"])
        + &attribute("mail", &["alice@contoso.test"]);
    for attributes in [entra, ldap, plain] {
        assert_eq!(person(attributes), ("Alice Example".to_owned(), "alice@contoso.test".to_owned()));
    }
    assert_eq!(
        person(attribute("mail", &["a@contoso.test", "b@contoso.test"])),
        (String::new(), String::new())
    );
}

#[test]
fn what_is_meant_for_others_is_refused() {
    let refused = |change: fn(&mut Answer)| take(&answer_with(change).by(&CONTOSO)).unwrap_err();
    assert_eq!(refused(|answer| answer.issuer = "https://idp.fabrikam.test".into()), SamlError::Issuer);
    assert_eq!(
        refused(|answer| answer.audience = answer.audience.replace("con_1", "con_2")),
        SamlError::Audience
    );
    assert_eq!(refused(|answer| answer.audience.clear()), SamlError::Audience);
    assert_eq!(refused(|answer| answer.recipient = CONSUMER.replace("con_1", "con_2")), SamlError::Recipient);
    assert_eq!(
        refused(|answer| answer.destination = " Destination=\"https://other.test/acs\"".into()),
        SamlError::Recipient
    );
    let signed_without = |answer: &mut Answer| {
        answer.destination.clear();
        answer.signs = Signs::Response;
    };
    assert_eq!(refused(signed_without), SamlError::Recipient);
    assert_eq!(
        refused(|answer| answer.response_answers = " InResponseTo=\"_x\"".into()),
        SamlError::InResponseTo
    );
    // Both must hold where there are two.
    assert_eq!(
        refused(|answer| answer.audience +=
            "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>"),
        SamlError::Audience
    );
    let condition = refused(|answer| answer.audience += "<saml:Condition xmlns:x=\"urn:x\"/>");
    assert!(matches!(condition, SamlError::Answer(_)), "{condition}");
}

#[test]
fn an_answer_is_good_in_its_time_only() {
    let refused = |change: fn(&mut Answer)| take(&answer_with(change).by(&CONTOSO)).unwrap_err();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    for error in [
        refused(|answer| answer.until = NOW - Duration::from_secs(61)),
        refused(|answer| answer.confirmed_until = NOW - Duration::from_secs(61)),
        refused(|answer| answer.from = NOW + Duration::from_secs(62)),
        refused(|answer| answer.made = NOW + Duration::from_secs(62)),
        refused(|answer| answer.made = NOW - Duration::from_secs(25 * 3_600)),
        refused(|answer| {
            answer.statement = answer
                .statement
                .replace(" SessionIndex", " SessionNotOnOrAfter=\"2026-03-04T09:00:00Z\" SessionIndex");
        }),
    ] {
        assert!(matches!(error, SamlError::Time(_)), "{error}");
    }
    let sound = Answer::default().by(&CONTOSO);
    let at = |now: Moment| take_with(&sound, |expect| expect.now = now);
    assert!(at(NOW + minutes(6) - Duration::from_secs(1)).is_ok(), "the clocks may differ by a minute");
    assert!(at(NOW + minutes(6)).is_err() && at(NOW - minutes(3)).is_err());
}

#[test]
fn a_refusal_says_what_the_provider_said_and_whom_it_concerns() {
    let answer = answer_with(|answer| {
        answer.status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
            <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>"
            .into();
        answer.signs = Signs::Nothing;
    });
    assert_eq!(take(&answer.by(&CONTOSO)).unwrap_err(), SamlError::Refused("AuthnFailed".into()));
    let expect = Expect {
        provider: PROVIDER,
        certificates: &[],
        entity_id: ENTITY,
        consumer: CONSUMER,
        keys: &[],
        subject: None,
        now: NOW,
        leeway: Duration::ZERO,
    };
    let field = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, answer.by(&CONTOSO));
    let Disbelieved { claimed, .. } = read_response(&field, &expect).unwrap_err();
    assert_eq!(claimed.as_deref(), Some(REQUEST));
}

#[test]
fn an_answer_that_nobody_asked_for_says_so() {
    let answer = answer_with(|answer| {
        answer.answers.clear();
        answer.response_answers.clear();
    });
    assert_eq!(take(&answer.by(&CONTOSO)).unwrap().in_response_to, None);
    // An envelope that is not signed cannot make an answer of it.
    let dressed = answer_with(|answer| answer.answers.clear());
    assert_eq!(take(&dressed.by(&CONTOSO)).unwrap().in_response_to, None);
}

#[test]
fn a_request_goes_by_redirect_and_is_signed_as_it_is_sent() {
    let destination = Url::parse("https://idp.contoso.test/sso?tenant=1").unwrap();
    let request = AuthnRequest {
        destination: &destination,
        id: &request_id("state"),
        entity_id: ENTITY,
        consumer: CONSUMER,
        now: NOW,
        force: false,
        key: Some(&OURS),
    };
    let address = request.address().unwrap();
    let pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["tenant", "SAMLRequest", "SigAlg", "Signature"]);
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &pairs[1].1).unwrap();
    let text = String::from_utf8(bytes[5..].to_vec()).unwrap();
    assert!(text.contains("ID=\"_state\"") && text.contains(CONSUMER) && text.contains(ENTITY), "{text}");
    assert_eq!(state_of("_state"), Some("state"));
    assert_eq!((state_of("state"), state_of("_")), (None, None));
    let unsigned = AuthnRequest { key: None, ..request }.address().unwrap();
    assert!(!unsigned.as_str().contains("Signature"));
}
