//! What providers publish of themselves.

use super::forge::{CONTOSO, NOW, OURS, PROVIDER, STRANGER};
use crate::{
    oidc::Transport,
    saml::{Certificate, OwnKey, ProviderMetadata, SamlError, own_metadata},
};

fn key(of: &OwnKey, purpose: &str) -> String {
    format!(
        "<md:KeyDescriptor{purpose}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>\n{}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        of.certificate().as_str()
    )
}

fn document(keys: &str, attributes: &str) -> String {
    format!(
        "<!-- for people --><md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"{PROVIDER}\"{attributes}><md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://idp.contoso.test/post\"/>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp.contoso.test/redirect\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn read(text: &str) -> Result<ProviderMetadata, SamlError> {
    ProviderMetadata::parse(text.as_bytes(), None, Transport::Https, NOW)
}

#[test]
fn every_key_for_signing_counts_and_no_other() {
    let keys = key(&CONTOSO, " use=\"signing\"") + &key(&STRANGER, "") + &key(&OURS, " use=\"encryption\"");
    let metadata = read(&document(&keys, " validUntil=\"2026-04-01T00:00:00Z\"")).unwrap();
    assert_eq!(metadata.entity_id, PROVIDER);
    assert_eq!(metadata.sign_in.as_str(), "https://idp.contoso.test/redirect");
    assert_eq!(metadata.certificates, [CONTOSO.certificate().clone(), STRANGER.certificate().clone()]);
    assert!(metadata.wants_signed_requests && metadata.valid_until.is_some());
    let kept: ProviderMetadata = serde_json::from_value(serde_json::to_value(&metadata).unwrap()).unwrap();
    assert_eq!(kept, metadata);
}

/// S17: keys that are for encryption only, or none at all, never switch the check of signatures off.
#[test]
fn s17_metadata_without_a_key_for_signing_is_refused() {
    for keys in
        [String::new(), key(&OURS, " use=\"encryption\""), "<md:KeyDescriptor use=\"signing\"/>".into()]
    {
        assert!(matches!(read(&document(&keys, "")), Err(SamlError::Metadata(_))));
    }
    let broken = key(&CONTOSO, "").replace("MII", "AAA");
    assert!(matches!(read(&document(&broken, "")), Err(SamlError::Certificate(_))));
}

#[test]
fn metadata_of_others_or_of_other_times_is_refused() {
    let sound = document(&key(&CONTOSO, ""), "");
    let other =
        ProviderMetadata::parse(sound.as_bytes(), Some("https://idp.fabrikam.test"), Transport::Https, NOW);
    assert!(matches!(other, Err(SamlError::OtherEntity(_))));
    assert!(read(&document(&key(&CONTOSO, ""), " validUntil=\"2026-03-04T09:12:00Z\"")).is_err());
    assert!(read(&sound.replace("HTTP-Redirect", "HTTP-Artifact")).is_err());
    assert!(read(&sound.replace("https://idp.contoso.test/redirect", "javascript:alert(1)")).is_err());
    assert!(read(&sound.replace("https://idp.contoso.test/redirect", "http://idp.contoso.test/")).is_err());
    assert!(read(&sound.replace("IDPSSODescriptor", "SPSSODescriptor")).is_err());
    assert!(read(&format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{sound}")).is_err());
    assert!(read(&sound.replace("SAML:2.0:protocol\"", "SAML:1.1:protocol\"")).is_err());
}

#[test]
fn of_a_whole_federation_only_the_provider_that_is_meant_is_read() {
    let one = document(&key(&CONTOSO, ""), "");
    let two =
        document(&key(&STRANGER, ""), "").replace("idp.contoso.test/metadata", "idp.fabrikam.test/metadata");
    let all = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{one}{two}</md:EntitiesDescriptor>"
    );
    assert!(read(&all).is_err(), "nobody said which");
    let meant = ProviderMetadata::parse(all.as_bytes(), Some(PROVIDER), Transport::Https, NOW).unwrap();
    assert_eq!(meant.certificates, [CONTOSO.certificate().clone()]);
    assert!(ProviderMetadata::parse(all.as_bytes(), Some("x"), Transport::Https, NOW).is_err());
}

#[test]
fn a_certificate_is_read_as_people_paste_it() {
    let text = CONTOSO.certificate().as_str();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\r\n{}\r\n{}\r\n-----END CERTIFICATE-----\n",
        &text[..64],
        &text[64..]
    );
    assert_eq!(Certificate::parse(&pem).unwrap(), *CONTOSO.certificate());
    assert_eq!(CONTOSO.certificate().fingerprint().len(), 64);
    assert!(CONTOSO.certificate().ends() > NOW);
    for wrong in ["", "AAAA", "x", &text[..100]] {
        assert!(Certificate::parse(wrong).is_err());
    }
}

#[test]
fn our_own_metadata_names_every_key_and_where_answers_go() {
    let text = own_metadata(
        "https://id.example.test/saml/con_1",
        "https://id.example.test/saml/con_1/acs",
        &[OURS.clone(), CONTOSO.clone()],
        true,
    );
    for part in [
        OURS.certificate().as_str(),
        CONTOSO.certificate().as_str(),
        "entityID=\"https://id.example.test/saml/con_1\"",
        "/con_1/acs\"",
        "WantAssertionsSigned=\"true\"",
        "AuthnRequestsSigned=\"true\"",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.matches("use=\"signing\"").count() == 2 && text.matches("use=\"encryption\"").count() == 2);
}
