//! The request with which the browser is sent to a provider (saml-bindings 3.4, HTTP-Redirect).

use super::{OwnKey, SamlError, metadata::POST, xml::escape};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Moment;
use url::{Url, form_urlencoded::byte_serialize};

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// A request for sign-in.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// The provider's address for it.
    pub destination: &'a Url,
    /// Its name, which the answer repeats; see [`request_id`].
    pub id: &'a str,
    /// Our entity id.
    pub entity_id: &'a str,
    /// Where the answer goes.
    pub consumer: &'a str,
    /// The moment.
    pub now: Moment,
    /// Whether the person is to prove again who they are.
    pub force: bool,
    /// Our key, where the request is to be signed.
    pub key: Option<&'a OwnKey>,
}

/// The name of the request of the sign-in with this state. Names in XML begin with no digit.
pub fn request_id(state: &str) -> String {
    format!("_{state}")
}

/// The state of the sign-in whose request is called so.
pub fn state_of(request_id: &str) -> Option<&str> {
    request_id.strip_prefix('_').filter(|state| !state.is_empty())
}

impl AuthnRequest<'_> {
    /// The address. There is no `RelayState`: what comes back is tied to the request by its name alone.
    ///
    /// # Errors
    /// [`SamlError::Encrypted`] if our key cannot sign.
    pub fn address(&self) -> Result<Url, SamlError> {
        let mut query =
            format!("SAMLRequest={}", encoded(&BASE64_STANDARD.encode(deflated(&self.document()))));
        if let Some(key) = self.key {
            // What is signed is the query as it is sent, octet by octet (3.4.4.1).
            query.push_str(&format!("&SigAlg={}", encoded(RSA_SHA256)));
            let signature = key.sign(query.as_bytes())?;
            query.push_str(&format!("&Signature={}", encoded(&BASE64_STANDARD.encode(signature))));
        }
        let mut address = self.destination.clone();
        let whole = match address.query().filter(|own| !own.is_empty()) {
            Some(own) => format!("{own}&{query}"),
            None => query,
        };
        address.set_query(Some(&whole));
        Ok(address)
    }

    fn document(&self) -> String {
        let force = if self.force { " ForceAuthn=\"true\"" } else { "" };
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
             Destination=\"{}\" AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"{POST}\"{force}>\
             <saml:Issuer>{}</saml:Issuer></samlp:AuthnRequest>",
            escape(self.id),
            Moment::from_seconds(self.now.seconds()),
            escape(self.destination.as_str()),
            escape(self.consumer),
            escape(self.entity_id),
        )
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// DEFLATE of one stored block (RFC 1951 section 3.2.4): a request is too short for more to be worth a library.
fn deflated(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a request has a few addresses of bounded length");
    let mut block = vec![1];
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&(!length).to_le_bytes());
    block.extend_from_slice(text.as_bytes());
    block
}
