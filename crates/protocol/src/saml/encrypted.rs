//! Opening an assertion that was encrypted for us. Only ways that show when somebody altered the ciphertext: AES-GCM,
//! under a key that is sent by RSA-OAEP. CBC and RSA 1.5 are how such answers were read by strangers.

use super::{OwnKey, SamlError, assertion::ASSERTION, xml::Element};
use bergshamra_enc::{EncContext, decrypt::decrypt};

const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
const OF_DATA: [&str; 2] =
    ["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"];
const OF_KEYS: [&str; 2] =
    ["http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep"];
/// Other ways to say where the bytes or the key are.
const NOT_FOLLOWED: [&str; 4] = ["CipherReference", "DerivedKey", "AgreementMethod", "KeyInfoReference"];

/// The response with the assertion in the place of what was encrypted.
pub(super) fn open(
    response: Element<'_>,
    carrier: Element<'_>,
    text: &str,
    keys: &[OwnKey],
) -> Result<String, SamlError> {
    let data = carrier.must(ENCRYPTION, "EncryptedData", "an encrypted assertion holds nothing")?;
    let named =
        |name: &'static str| response.descendants().filter(move |element| element.local_name() == name);
    if named("EncryptedData").count() != 1 || named("EncryptedKey").count() != 1 {
        return Err(SamlError::Encrypted("it does not hold exactly one key and one ciphertext"));
    }
    if NOT_FOLLOWED.into_iter().any(|name| named(name).next().is_some()) {
        return Err(SamlError::Encrypted("it refers to something outside itself"));
    }
    check_method(data, &OF_DATA, "it is not encrypted with AES-GCM")?;
    let key = named("EncryptedKey").next().ok_or(SamlError::Encrypted("it holds no key"))?;
    check_method(key, &OF_KEYS, "its key is not encrypted with RSA-OAEP")?;
    for own in keys {
        let mut context = EncContext::new(own.keys()?).with_disable_cipher_reference(true);
        context.max_pbkdf2_iterations = 0;
        if let Ok(opened) = decrypt(&context, text) {
            return Ok(opened);
        }
    }
    Err(SamlError::Encrypted("it is not encrypted for the key in our metadata"))
}

fn check_method(of: Element<'_>, allowed: &[&str], otherwise: &'static str) -> Result<(), SamlError> {
    if of.descendants().any(Element::has_foreign_attributes) {
        return Err(SamlError::Encrypted("an attribute stands in a namespace"));
    }
    let method = of.must(ENCRYPTION, "EncryptionMethod", "it does not say how it is encrypted")?;
    let algorithm = method.attribute("Algorithm").unwrap_or_default();
    if allowed.contains(&algorithm) { Ok(()) } else { Err(SamlError::Encrypted(otherwise)) }
}

/// What was opened: one assertion, and nothing beside it.
pub(super) fn only_assertion(response: Element<'_>) -> Result<Element<'_>, SamlError> {
    let odd = SamlError::Encrypted("what opens is not one assertion");
    let carrier = response.only(ASSERTION, "EncryptedAssertion")?.ok_or(odd.clone())?;
    let mut inside = carrier.children();
    let (Some(assertion), None) = (inside.next(), inside.next()) else { return Err(odd) };
    let all = response.descendants().filter(|element| element.local_name() == "Assertion").count();
    let nothing_more = response.descendants().all(|element| element.local_name() != "EncryptedData");
    if assertion.is(ASSERTION, "Assertion") && all == 1 && nothing_more { Ok(assertion) } else { Err(odd) }
}
