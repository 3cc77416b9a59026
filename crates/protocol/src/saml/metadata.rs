//! Metadata: the provider's, which is read, and our own, which is written (saml-metadata 2.4).

use super::{
    Certificate, OwnKey, SamlError,
    signature::DSIG,
    xml::{self, Element, MOST_METADATA, Remarks, escape},
};
use crate::oidc::Transport;
use domain::Moment;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use url::Url;

pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// The most certificates of one provider.
const MOST_CERTIFICATES: usize = 16;
/// The most bytes of an entity id (saml-metadata 2.2.1).
const MOST_ENTITY_ID: usize = 1024;

/// What a provider publishes of itself, as far as it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMetadata {
    /// Its name, letter for letter.
    pub entity_id: String,
    /// Where the browser is sent with a request.
    #[serde(with = "as_text")]
    pub sign_in: Url,
    /// What its signatures are checked with. Several while it goes from one key to the next.
    pub certificates: Vec<Certificate>,
    /// Whether it wants requests to be signed.
    pub wants_signed_requests: bool,
    /// Until when the metadata is good, if it says so.
    pub valid_until: Option<Moment>,
}

impl ProviderMetadata {
    /// Reads a provider's metadata; of several providers' the one that is called `wanted`.
    ///
    /// # Errors
    /// [`SamlError::Metadata`] and its like. What has no key to check a signature with is refused, whatever it says
    /// about encryption.
    pub fn parse(
        text: &[u8],
        wanted: Option<&str>,
        transport: Transport,
        now: Moment,
    ) -> Result<Self, SamlError> {
        let text = xml::readable(text, MOST_METADATA, Remarks::Allowed)?;
        let document = xml::parse(text)?;
        let entity = entity(Element::root(&document)?, wanted)?;
        let entity_id = entity.attribute("entityID").unwrap_or_default();
        if !is_entity_id(entity_id) {
            return Err(SamlError::Metadata("its entity id is missing or too long"));
        }
        if wanted.is_some_and(|wanted| wanted != entity_id) {
            return Err(SamlError::OtherEntity(wanted.unwrap_or_default().to_owned()));
        }
        let mut roles = entity.all(METADATA, "IDPSSODescriptor");
        let role = roles.next().ok_or(SamlError::Metadata("it describes no identity provider"))?;
        let speaks = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        if roles.next().is_some() || !speaks.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL) {
            return Err(SamlError::Metadata("it describes no one identity provider that speaks SAML 2.0"));
        }
        let valid_until = earliest([entity, role])?;
        if valid_until.is_some_and(|until| until <= now) {
            return Err(SamlError::Metadata("it is not valid any more"));
        }
        Ok(ProviderMetadata {
            entity_id: entity_id.to_owned(),
            sign_in: sign_in(role, transport)?,
            certificates: certificates(role)?,
            wants_signed_requests: role
                .attribute("WantAuthnRequestsSigned")
                .is_some_and(|says| matches!(says, "true" | "1")),
            valid_until,
        })
    }

    /// When the last of its certificates ends: from then on somebody should have looked.
    pub fn certificates_end(&self) -> Moment {
        self.certificates.iter().map(Certificate::ends).max().unwrap_or(Moment::NEVER)
    }
}

/// Whether a text can be the name of an entity.
pub fn is_entity_id(text: &str) -> bool {
    (1..=MOST_ENTITY_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn entity<'t>(root: Element<'t>, wanted: Option<&str>) -> Result<Element<'t>, SamlError> {
    if root.is(METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !root.is(METADATA, "EntitiesDescriptor") {
        return Err(SamlError::Metadata("it is no SAML metadata"));
    }
    let fits = |entity: &Element<'t>| {
        entity.is(METADATA, "EntityDescriptor")
            && wanted.is_none_or(|wanted| entity.attribute("entityID") == Some(wanted))
            && entity.all(METADATA, "IDPSSODescriptor").next().is_some()
    };
    let mut found = root.descendants().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(SamlError::Metadata("the provider is not among those that it describes")),
        _ => Err(SamlError::Metadata("it describes several providers; paste that of one")),
    }
}

fn earliest(of: [Element<'_>; 2]) -> Result<Option<Moment>, SamlError> {
    let mut earliest: Option<Moment> = None;
    for text in of.iter().filter_map(|element| element.attribute("validUntil")) {
        let until: Moment = text.parse().map_err(|_| SamlError::Metadata("its validUntil is no moment"))?;
        earliest = Some(earliest.map_or(until, |known| known.min(until)));
    }
    Ok(earliest)
}

/// The address for requests by redirect.
fn sign_in(role: Element<'_>, transport: Transport) -> Result<Url, SamlError> {
    let mut all = role.all(METADATA, "SingleSignOnService");
    let by_redirect = all.find(|service| service.attribute("Binding") == Some(REDIRECT));
    let service = by_redirect.ok_or(SamlError::Metadata("it takes no requests by HTTP-Redirect"))?;
    let address = service.attribute("Location").and_then(|text| transport.address(text));
    address.ok_or(SamlError::Metadata("its address for sign-in is not an https address"))
}

/// Every certificate for signing. A key for which nothing is said is for signing too (2.4.1.1).
fn certificates(role: Element<'_>) -> Result<Vec<Certificate>, SamlError> {
    let mut certificates: Vec<Certificate> = Vec::new();
    let mut refused = None;
    for key in role.all(METADATA, "KeyDescriptor") {
        if key.attribute("use").is_some_and(|what| what != "signing") {
            continue;
        }
        let texts = key.descendants().filter(|element| element.is(DSIG, "X509Certificate"));
        for text in texts {
            match Certificate::parse(&text.text()?) {
                Ok(known) if certificates.contains(&known) => {}
                Ok(certificate) => certificates.push(certificate),
                // One that cannot be used does not take the others with it.
                Err(error) => refused = Some(error),
            }
        }
    }
    match (certificates.len(), refused) {
        (0, Some(error)) => Err(error),
        (0, None) => Err(SamlError::Metadata("it holds no certificate for signing")),
        (many, _) if many > MOST_CERTIFICATES => {
            Err(SamlError::Metadata("it holds more than 16 certificates"))
        }
        _ => Ok(certificates),
    }
}

/// Our own metadata, as one connection shows it to its provider. Several keys while ours goes from one to the next; the
/// first of them signs.
pub fn own_metadata(entity_id: &str, consumer: &str, keys: &[OwnKey], signs_requests: bool) -> String {
    let mut described = String::new();
    for key in keys {
        let certificate = key.certificate().as_str();
        for purpose in ["signing", "encryption"] {
            write!(
                described,
                "<md:KeyDescriptor use=\"{purpose}\"><ds:KeyInfo xmlns:ds=\"{DSIG}\"><ds:X509Data><ds:X509Certificate>\
                 {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{}</md:KeyDescriptor>",
                if purpose == "encryption" { METHODS } else { "" }
            )
            .expect("a string takes all that is written");
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"{}\">\
         <md:SPSSODescriptor AuthnRequestsSigned=\"{signs_requests}\" WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"{PROTOCOL}\">{described}\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>\
         <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{}\" index=\"0\" isDefault=\"true\"/>\
         </md:SPSSODescriptor></md:EntityDescriptor>\n",
        escape(entity_id),
        escape(consumer),
    )
}

const METHODS: &str = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>";

/// An address in a stored document is its text.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use url::Url;

    pub(super) fn serialize<S: Serializer>(address: &Url, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
        Url::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
