//! The certificates by which a provider's signatures are checked. The key in one is believed because the metadata holds
//! it; who signed the certificate, and whether it has ended, is nobody's concern but an admin's, who is warned.

use super::SamlError;
use crate::x509::Facts;
use base64::{Engine, prelude::BASE64_STANDARD};
use bergshamra_keys::{KeysManager, loader};
use domain::Moment;
use serde::{Deserialize, Serialize};
use x509_parser::{certificate::X509Certificate, prelude::FromDer, public_key::PublicKey};

/// The fewest bits of an RSA key.
const FEWEST_RSA_BITS: usize = 2048;
/// The most bytes of one certificate.
const MOST_BYTES: usize = 16 * 1024;

/// One certificate, as base64 of its DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Certificate(String);

impl Certificate {
    /// Reads what stands in metadata, or what an admin pasted, with or without PEM's lines around it.
    ///
    /// # Errors
    /// [`SamlError::Certificate`] for none, and for a key that is too weak or of a kind that is not used here.
    pub fn parse(text: &str) -> Result<Self, SamlError> {
        let inner = text.lines().filter(|line| !line.trim_start().starts_with("-----"));
        let inner: String =
            inner.flat_map(str::chars).filter(|letter| !letter.is_ascii_whitespace()).collect();
        let none = SamlError::Certificate("it is no X.509 certificate");
        let der = BASE64_STANDARD.decode(inner).map_err(|_| none.clone())?;
        if der.len() > MOST_BYTES {
            return Err(SamlError::Certificate("it is too large"));
        }
        let certificate = Certificate(BASE64_STANDARD.encode(&der));
        certificate.check(&der)?;
        Ok(certificate)
    }

    fn check(&self, der: &[u8]) -> Result<(), SamlError> {
        let none = || SamlError::Certificate("it is no X.509 certificate");
        let Ok(([], parsed)) = X509Certificate::from_der(der) else { return Err(none()) };
        match parsed.public_key().parsed().map_err(|_| none())? {
            PublicKey::RSA(key) if key.key_size() < FEWEST_RSA_BITS => {
                Err(SamlError::Certificate("its RSA key has fewer than 2048 bits"))
            }
            PublicKey::RSA(_) | PublicKey::EC(_) => Ok(()),
            _ => Err(SamlError::Certificate("its key is neither RSA nor ECDSA")),
        }?;
        self.keys().map(drop)
    }

    /// As base64 of its DER.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its bytes.
    pub fn der(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.0).expect("it was checked when it was read")
    }

    /// Until when it is good; never where it cannot be read.
    pub fn ends(&self) -> Moment {
        Facts::of(&self.der()).map_or(Moment::NEVER, |facts| facts.ends)
    }

    /// Its SHA-256 in hexadecimal, by which people compare certificates.
    pub fn fingerprint(&self) -> String {
        domain::Digest::of(&self.der()).bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What a signature is checked with: this key and no other.
    pub(super) fn keys(&self) -> Result<KeysManager, SamlError> {
        let key = loader::load_x509_cert_der(&self.der())
            .map_err(|_| SamlError::Certificate("its key is of a kind that is not used here"))?;
        let mut keys = KeysManager::new();
        keys.add_key(key);
        Ok(keys)
    }
}
