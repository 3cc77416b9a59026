//! The other side: a provider for tests and the demo, which signs whatever it is told. Never in a release.

use super::{Certificate, OwnKey};
use bergshamra_dsig::{DsigContext, sign::sign};
use bergshamra_enc::{EncContext, encrypt::encrypt};
use bergshamra_keys::{Key, KeyUsage, KeysManager, loader};
use domain::Moment;
use std::time::Duration;

/// RSA with SHA-256.
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
/// SHA-256.
pub const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// What is signed.
#[derive(Clone, Copy, PartialEq)]
pub enum Signs {
    /// The assertion.
    Assertion,
    /// The response.
    Response,
    /// Both.
    Both,
    /// Nothing.
    Nothing,
}

/// An answer that is to be.
#[derive(Clone)]
pub struct Answer {
    /// The assertion's identifier.
    pub id: String,
    /// Who says it.
    pub issuer: String,
    /// The audience restrictions, as XML.
    pub audience: String,
    /// Where the bearer is to show it.
    pub recipient: String,
    /// The attribute `Destination`, with a blank before it.
    pub destination: String,
    /// The response's `InResponseTo`, as an attribute with a blank before it.
    pub response_answers: String,
    /// The confirmation's.
    pub answers: String,
    /// When it was made.
    pub made: Moment,
    /// From when it is good.
    pub from: Moment,
    /// Until when.
    pub until: Moment,
    /// Until when it may be shown.
    pub confirmed_until: Moment,
    /// The name identifier, as XML.
    pub name: String,
    /// The authentication statement, as XML.
    pub statement: String,
    /// The attributes, as XML.
    pub attributes: String,
    /// The status code, as XML.
    pub status: String,
    /// What is signed.
    pub signs: Signs,
    /// By which signature algorithm.
    pub method: String,
    /// Over which digest.
    pub digest: String,
}

impl Answer {
    /// A sound answer of `provider` about `alice`, for the entity and its consumer, to this request.
    pub fn of(provider: &str, entity: &str, consumer: &str, request: &str, now: Moment) -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Answer {
            id: "_a1".into(),
            issuer: provider.into(),
            audience: format!(
                "<saml:AudienceRestriction><saml:Audience>{entity}</saml:Audience></saml:AudienceRestriction>"
            ),
            recipient: consumer.into(),
            destination: format!(" Destination=\"{consumer}\""),
            response_answers: format!(" InResponseTo=\"{request}\""),
            answers: format!(" InResponseTo=\"{request}\""),
            made: now,
            from: now - minutes(1),
            until: now + minutes(5),
            confirmed_until: now + minutes(5),
            name: "<saml:NameID>alice</saml:NameID>".into(),
            statement: format!(
                "<saml:AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"s1\"><saml:AuthnContext>\
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

/// An attribute with its values.
pub fn attribute(name: &str, values: &[&str]) -> String {
    let values: String =
        values.iter().map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>")).collect();
    format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
}

impl Answer {
    /// The assertion alone, not signed.
    pub fn assertion(&self, id: &str, template: &str) -> String {
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

    /// The response around what is in it, with a signature that is to be.
    pub fn response(&self, inside: &str, template: &str) -> String {
        let Answer { issuer, destination, response_answers, made, status, .. } = self;
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\" \
             IssueInstant=\"{made}\"{destination}{response_answers}>\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</saml:Issuer>{template}\
             <samlp:Status>{status}</samlp:Status>{inside}</samlp:Response>"
        )
    }

    /// A signature that is to be, over the element of this id.
    pub fn template(&self, id: &str) -> String {
        let Answer { method, digest, .. } = self;
        template(id, method, digest)
    }

    /// The assertion, signed if that is asked for.
    pub fn signed_assertion(&self, by: &OwnKey) -> String {
        match self.signs {
            Signs::Assertion | Signs::Both => signed(&self.assertion(&self.id, &self.template(&self.id)), by),
            _ => self.assertion(&self.id, ""),
        }
    }

    /// The whole, signed as asked.
    pub fn by(&self, by: &OwnKey) -> String {
        let assertion = self.signed_assertion(by);
        match self.signs {
            Signs::Response | Signs::Both => signed(&self.response(&assertion, &self.template("_r1")), by),
            _ => self.response(&assertion, ""),
        }
    }

    /// The whole with the assertion encrypted, by these algorithms.
    pub fn encrypted(&self, by: &OwnKey, to: &Certificate, data: &str, key: &str) -> String {
        let hidden = hidden(&self.signed_assertion(by), to, data, key);
        match self.signs {
            Signs::Response | Signs::Both => signed(&self.response(&hidden, &self.template("_r1")), by),
            _ => self.response(&hidden, ""),
        }
    }
}

/// A signature that is to be, by these algorithms.
pub fn template(id: &str, method: &str, digest: &str) -> String {
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
    of.keys().expect("what a test or the demo hands in is sound")
}

/// Fills in the first signature.
pub fn signed(xml: &str, by: &OwnKey) -> String {
    let xml = sign(&DsigContext::new(keys(by)), xml).expect("what a test or the demo hands in is sound");
    xml.split_once("?>")
        .filter(|_| xml.starts_with("<?xml"))
        .map_or(xml.clone(), |(_, body)| body.trim().to_owned())
}

/// By a shared secret, as nobody should.
pub fn signed_with_secret(xml: &str, secret: &[u8]) -> String {
    let mut manager = KeysManager::new();
    manager.add_key(Key {
        usage: KeyUsage::Any,
        ..loader::load_hmac_key(secret).expect("what a test or the demo hands in is sound")
    });
    sign(&DsigContext::new(manager), xml).expect("what a test or the demo hands in is sound")
}

/// An element in an `EncryptedAssertion`.
pub fn hidden(assertion: &str, to: &Certificate, data: &str, key: &str) -> String {
    let template = format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{data}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"{key}\"/><xenc:CipherData><xenc:CipherValue></xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue></xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedData>"
    );
    let mut manager = KeysManager::new();
    manager
        .add_key(loader::load_x509_cert_der(&to.der()).expect("what a test or the demo hands in is sound"));
    let hidden = encrypt(&EncContext::new(manager), &template, assertion.as_bytes())
        .expect("what a test or the demo hands in is sound");
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{hidden}</saml:EncryptedAssertion>"
    )
}

/// A provider's metadata, with the certificates of these keys.
pub fn metadata(entity: &str, sign_in: &str, keys: &[&OwnKey]) -> String {
    let described: String = keys
        .iter()
        .map(|key| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                key.certificate().as_str()
            )
        })
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{described}\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"{sign_in}\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

/// The name and the issuer of a request that came by redirect.
pub fn read_request(address: &str) -> Option<(String, String)> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let address = url::Url::parse(address).ok()?;
    let (_, request) = address.query_pairs().find(|(name, _)| name == "SAMLRequest")?;
    let bytes = BASE64_STANDARD.decode(request.as_bytes()).ok()?;
    // Ours is one stored block.
    let text = String::from_utf8(bytes.get(5..)?.to_vec()).ok()?;
    let document = super::xml::parse(&text).ok()?;
    let root = super::xml::Element::root(&document).ok()?;
    let issuer = root.only("urn:oasis:names:tc:SAML:2.0:assertion", "Issuer").ok()??.text().ok()?;
    Some((root.attribute("ID")?.to_owned(), issuer))
}

/// A key whose certificate has ended long ago.
pub fn ended_key(name: &str) -> OwnKey {
    OwnKey::until(name, 2021).expect("a key is made as any other")
}
