//! The answer of a provider, as the browser posts it to the assertion consumer (saml-profiles 4.1.4).

use super::{
    Certificate, OwnKey, SamlError,
    assertion::{self, ASSERTION, Believed},
    encrypted,
    metadata::PROTOCOL,
    signature::{self, Signed},
    xml::{self, Element, MOST_MESSAGE, Remarks},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Moment;
use std::time::Duration;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What an answer must say.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The provider's entity id, which the connection pins.
    pub provider: &'a str,
    /// The certificates of its metadata.
    pub certificates: &'a [Certificate],
    /// Our entity id there.
    pub entity_id: &'a str,
    /// Where the answer came to.
    pub consumer: &'a str,
    /// What an encrypted assertion is opened with, the newest first.
    pub keys: &'a [OwnKey],
    /// The attribute that names people, where an admin has named one; else the name identifier does.
    pub subject: Option<&'a str>,
    /// The moment.
    pub now: Moment,
    /// How far the provider's clock may differ from ours.
    pub leeway: Duration,
}

/// An answer that is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Disbelieved {
    /// Which request it says to answer. Nobody vouches for that: it is good for finding the browser's own sign-in, to
    /// tell its person what went wrong.
    pub claimed: Option<String>,
    /// Why.
    pub why: SamlError,
}

/// Believes an answer, or says why not. `field` is the form's `SAMLResponse`.
///
/// # Errors
/// [`Disbelieved`].
pub fn read_response(field: &str, expect: &Expect<'_>) -> Result<Believed, Disbelieved> {
    let nothing = |why| Disbelieved { claimed: None, why };
    let bytes = decode(field).map_err(nothing)?;
    let text = xml::readable(&bytes, MOST_MESSAGE, Remarks::Refused).map_err(nothing)?;
    let document = xml::parse(text).map_err(nothing)?;
    let response = Element::root(&document).map_err(nothing)?;
    let claimed = response.attribute("InResponseTo").filter(|id| id.len() <= 256).map(str::to_owned);
    believe(response, text, expect).map_err(|why| Disbelieved { claimed, why })
}

fn decode(field: &str) -> Result<Vec<u8>, SamlError> {
    if field.len() > MOST_MESSAGE * 3 / 2 {
        return Err(SamlError::Xml("it is too large"));
    }
    let plain: Vec<u8> = field.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(plain).map_err(|_| SamlError::Xml("it is not base64"))
}

fn believe(response: Element<'_>, text: &str, expect: &Expect<'_>) -> Result<Believed, SamlError> {
    if !response.is(PROTOCOL, "Response") || response.attribute("Version") != Some("2.0") {
        return Err(SamlError::Answer("it is no response of SAML 2.0"));
    }
    check_status(response)?;
    check_envelope(response, expect)?;
    let carrier = only_carrier(response)?;
    signature::nowhere_else(response, &[response, carrier])?;
    let whole = match signature::is_signed(response) {
        true => Some(signature::verify(response, "ID", expect.certificates)?),
        false => None,
    };
    if carrier.is(ASSERTION, "Assertion") {
        let signed = match signature::is_signed(carrier) {
            true => signature::verify(carrier, "ID", expect.certificates)?,
            false => {
                within(whole)?.child(ASSERTION, "Assertion")?.ok_or(SamlError::Signature("there is none"))?
            }
        };
        return assertion::read(signed, response, expect);
    }
    // Encrypted for us. What opens is looked at as if it had come so, under the same rules.
    let opened = encrypted::open(response, carrier, text, expect.keys)?;
    let opened = xml::readable(opened.as_bytes(), MOST_MESSAGE, Remarks::Refused)?;
    let document = xml::parse(opened)?;
    let inner = encrypted::only_assertion(Element::root(&document)?)?;
    let signed = match signature::is_signed(inner) {
        true => signature::verify(inner, "ID", expect.certificates)?,
        false => Signed::opened(inner, within(whole)?),
    };
    assertion::read(signed, response, expect)
}

/// Where the assertion is not signed for itself, the response must be.
fn within(whole: Option<Signed<'_>>) -> Result<Signed<'_>, SamlError> {
    whole.ok_or(SamlError::Signature("neither the response nor the assertion is signed"))
}

fn check_status(response: Element<'_>) -> Result<(), SamlError> {
    let status = response.must(PROTOCOL, "Status", "there is no status")?;
    let code = status.must(PROTOCOL, "StatusCode", "there is no status")?;
    if code.attribute("Value") == Some(SUCCESS) {
        return Ok(());
    }
    let inner = code.only(PROTOCOL, "StatusCode")?.unwrap_or(code);
    let name = inner.attribute("Value").and_then(|value| value.rsplit(':').next()).unwrap_or_default();
    let plain = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Err(SamlError::Refused(if plain { name.to_owned() } else { "it gives no reason".to_owned() }))
}

/// What the envelope says must fit, signed or not: it can only make an answer worse.
fn check_envelope(response: Element<'_>, expect: &Expect<'_>) -> Result<(), SamlError> {
    let destination = response.attribute("Destination").filter(|address| !address.is_empty());
    match destination {
        Some(address) if address != expect.consumer => return Err(SamlError::Recipient),
        None if signature::is_signed(response) => return Err(SamlError::Recipient),
        _ => {}
    }
    if let Some(issuer) = response.only(ASSERTION, "Issuer")? {
        assertion::check_issuer(issuer, expect)?;
    }
    Ok(())
}

/// The one assertion, plain or encrypted, of everything that calls itself so in whatever namespace and wherever it
/// stands. All ways of wrapping a signed assertion into a forged answer need a second one.
fn only_carrier(response: Element<'_>) -> Result<Element<'_>, SamlError> {
    let is_carrier = |element: &Element<'_>| {
        matches!(element.local_name(), "Assertion" | "EncryptedAssertion" | "Response")
    };
    // The response is the first.
    if response.descendants().filter(|element| element.id != response.id && is_carrier(element)).count() != 1
    {
        return Err(SamlError::Answer("it does not hold exactly one assertion"));
    }
    let plain = response.only(ASSERTION, "Assertion")?;
    let carrier = plain.or(response.only(ASSERTION, "EncryptedAssertion")?);
    carrier.ok_or(SamlError::Answer("its assertion does not stand where assertions do"))
}
