//! A provider for tests, which signs whatever it is told.

use crate::saml::{Believed, Certificate, Disbelieved, Expect, OwnKey, SamlError, read_response};
use base64::{Engine, prelude::BASE64_STANDARD};
use bergshamra_dsig::{DsigContext, sign::sign};
use bergshamra_enc::{EncContext, encrypt::encrypt};
use bergshamra_keys::{Key, KeyUsage, KeysManager, loader};
use domain::Moment;
use std::{sync::LazyLock, time::Duration};

pub(super) const PROVIDER: &str = "https://idp.contoso.test/metadata";
pub(super) const ENTITY: &str = "https://id.example.test/saml/con_1";
pub(super) const CONSUMER: &str = "https://id.example.test/saml/con_1/acs";
pub(super) const REQUEST: &str = "_the-request";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
/// 4 March 2026, 09:12 UTC.
pub(super) const NOW: Moment = Moment::from_seconds(1_772_615_520);

pub(super) static CONTOSO: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Contoso").unwrap());
pub(super) static STRANGER: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Stranger").unwrap());
pub(super) static OURS: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Ours").unwrap());

/// What is signed.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Signs {
    Assertion,
    Response,
    Both,
    Nothing,
}

/// An answer that is to be.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) recipient: String,
    pub(super) destination: String,
    pub(super) response_answers: String,
    pub(super) answers: String,
    pub(super) made: Moment,
    pub(super) from: Moment,
    pub(super) until: Moment,
    pub(super) confirmed_until: Moment,
    pub(super) name: String,
    pub(super) statement: String,
    pub(super) attributes: String,
    pub(super) status: String,
    pub(super) signs: Signs,
    pub(super) method: String,
    pub(super) digest: String,
}

impl Default for Answer {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Answer {
            issuer: PROVIDER.into(),
            audience: format!(
                "<saml:AudienceRestriction><saml:Audience>{ENTITY}</saml:Audience></saml:AudienceRestriction>"
            ),
            recipient: CONSUMER.into(),
            destination: format!(" Destination=\"{CONSUMER}\""),
            response_answers: format!(" InResponseTo=\"{REQUEST}\""),
            answers: format!(" InResponseTo=\"{REQUEST}\""),
            made: NOW,
            from: NOW - minutes(1),
            until: NOW + minutes(5),
            confirmed_until: NOW + minutes(5),
            name: "<saml:NameID>alice</saml:NameID>".into(),
            statement: format!(
                "<saml:AuthnStatement AuthnInstant=\"{NOW}\" SessionIndex=\"s1\"><saml:AuthnContext>\
                 <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
                 </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            ),
            attributes: attribute("email", &["alice@contoso.test"]) + &attribute("groups", &["a", "b"]),
            status: "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>".into(),
            signs: Signs::Assertion,
            method: RSA_SHA256.into(),
            digest: SHA256.into(),
        }
    }
}

pub(super) fn attribute(name: &str, values: &[&str]) -> String {
    let values: String =
        values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>")).collect();
    format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
}

impl Answer {
    pub(super) fn with(change: impl FnOnce(&mut Answer)) -> Self {
        let mut answer = Answer::default();
        change(&mut answer);
        answer
    }

    /// The assertion alone, not signed.
    pub(super) fn assertion(&self, id: &str, template: &str) -> String {
        let Answer { issuer, name, recipient, answers, from, until, audience, statement, attributes, .. } =
            self;
        let (made, confirmed) = (self.made, self.confirmed_until);
        format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{made}\"><saml:Issuer>{issuer}</saml:Issuer>{template}<saml:Subject>{name}\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData{answers} Recipient=\"{recipient}\" NotOnOrAfter=\"{confirmed}\"/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{from}\" \
             NotOnOrAfter=\"{until}\">{audience}</saml:Conditions>{statement}\
             <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
        )
    }

    pub(super) fn response(&self, inside: &str, template: &str) -> String {
        let Answer { issuer, destination, response_answers, made, status, .. } = self;
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\" \
             IssueInstant=\"{made}\"{destination}{response_answers}>\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</saml:Issuer>{template}\
             <samlp:Status>{status}</samlp:Status>{inside}</samlp:Response>"
        )
    }

    pub(super) fn template(&self, id: &str) -> String {
        let Answer { method, digest, .. } = self;
        template(id, method, digest)
    }

    /// The assertion, signed if that is asked for.
    pub(super) fn signed_assertion(&self, by: &OwnKey) -> String {
        match self.signs {
            Signs::Assertion | Signs::Both => signed(&self.assertion("_a1", &self.template("_a1")), by),
            _ => self.assertion("_a1", ""),
        }
    }

    /// The whole, signed as asked.
    pub(super) fn by(&self, by: &OwnKey) -> String {
        let assertion = self.signed_assertion(by);
        match self.signs {
            Signs::Response | Signs::Both => signed(&self.response(&assertion, &self.template("_r1")), by),
            _ => self.response(&assertion, ""),
        }
    }

    /// The whole with the assertion encrypted, by these algorithms.
    pub(super) fn encrypted(&self, by: &OwnKey, data: &str, key: &str) -> String {
        let hidden = hidden(&self.signed_assertion(by), &OURS, data, key);
        match self.signs {
            Signs::Response | Signs::Both => signed(&self.response(&hidden, &self.template("_r1")), by),
            _ => self.response(&hidden, ""),
        }
    }
}

pub(super) fn template(id: &str, method: &str, digest: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <ds:SignatureMethod Algorithm=\"{method}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{digest}\"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue></ds:SignatureValue></ds:Signature>"
    )
}

fn keys(of: &OwnKey) -> KeysManager {
    of.keys().unwrap()
}

/// Fills in the first signature.
pub(super) fn signed(xml: &str, by: &OwnKey) -> String {
    let xml = sign(&DsigContext::new(keys(by)), xml).unwrap();
    xml.split_once("?>")
        .filter(|_| xml.starts_with("<?xml"))
        .map_or(xml.clone(), |(_, body)| body.trim().to_owned())
}

/// By a shared secret, as nobody should.
pub(super) fn signed_with_secret(xml: &str, secret: &[u8]) -> String {
    let mut manager = KeysManager::new();
    manager.add_key(Key { usage: KeyUsage::Any, ..loader::load_hmac_key(secret).unwrap() });
    sign(&DsigContext::new(manager), xml).unwrap()
}

/// An element in an `EncryptedAssertion`.
pub(super) fn hidden(assertion: &str, to: &OwnKey, data: &str, key: &str) -> String {
    let template = format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{data}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"{key}\"/><xenc:CipherData><xenc:CipherValue></xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue></xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedData>"
    );
    let mut manager = KeysManager::new();
    manager.add_key(loader::load_x509_cert_der(&to.certificate().der()).unwrap());
    let hidden = encrypt(&EncContext::new(manager), &template, assertion.as_bytes()).unwrap();
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{hidden}</saml:EncryptedAssertion>"
    )
}

/// What a connection to Contoso's provider makes of a document.
pub(super) fn take_with(xml: &str, change: impl FnOnce(&mut Expect<'_>)) -> Result<Believed, SamlError> {
    let certificates = [CONTOSO.certificate().clone()];
    take_by(xml, &certificates, change)
}

pub(super) fn take_by(
    xml: &str,
    certificates: &[Certificate],
    change: impl FnOnce(&mut Expect<'_>),
) -> Result<Believed, SamlError> {
    let keys = [OURS.clone()];
    let mut expect = Expect {
        provider: PROVIDER,
        certificates,
        entity_id: ENTITY,
        consumer: CONSUMER,
        keys: &keys,
        subject: None,
        now: NOW,
        leeway: Duration::from_secs(60),
    };
    change(&mut expect);
    read_response(&BASE64_STANDARD.encode(xml), &expect).map_err(|Disbelieved { why, .. }| why)
}

pub(super) fn take(xml: &str) -> Result<Believed, SamlError> {
    take_with(xml, |_| {})
}
