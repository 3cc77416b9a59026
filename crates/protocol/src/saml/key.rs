//! Our own key at providers: requests are signed with it, and what is encrypted for us is opened with it.

use super::{Certificate, SamlError};
use bergshamra_keys::{KeysManager, loader};
use domain::Secret;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SigningKey, date_time_ymd,
};

/// A private key with the certificate that providers know it by.
#[derive(Clone, Debug)]
pub struct OwnKey {
    certificate: Certificate,
    private: Secret<String>,
}

impl OwnKey {
    /// Makes a fresh one, of RSA with 2048 bits: the kind that every provider takes. Its certificate is no promise of
    /// anybody's: it carries the key, as metadata wants it, and is good for as long as anybody may hold on to it.
    ///
    /// # Errors
    /// [`SamlError::Encrypted`] if none can be made.
    pub fn generate(name: &str) -> Result<Self, SamlError> {
        Self::until(name, 2099)
    }

    /// One whose certificate ends with this year.
    pub(super) fn until(name: &str, year: i32) -> Result<Self, SamlError> {
        let failed = |_| SamlError::Encrypted("no key could be made");
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(failed)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        (parameters.not_before, parameters.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(year, 12, 31));
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        Ok(OwnKey {
            certificate: Certificate::parse(&certificate.pem())?,
            private: Secret::new(key.serialize_pem()),
        })
    }

    /// One that was kept.
    ///
    /// # Errors
    /// [`SamlError::Certificate`].
    pub fn kept(certificate: &str, private: Secret<String>) -> Result<Self, SamlError> {
        Ok(OwnKey { certificate: Certificate::parse(certificate)?, private })
    }

    /// The public half.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The private half in PEM, to be sealed.
    pub fn private(&self) -> &Secret<String> {
        &self.private
    }

    /// Signs these bytes by RSA with SHA-256.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SamlError> {
        let failed = |_| SamlError::Encrypted("our own key cannot sign");
        KeyPair::from_pem(self.private.reveal()).map_err(failed)?.sign(bytes).map_err(failed)
    }

    /// What an encrypted assertion is opened with.
    pub(super) fn keys(&self) -> Result<KeysManager, SamlError> {
        let key = loader::load_pem_auto(self.private.reveal().as_bytes(), None)
            .map_err(|_| SamlError::Encrypted("our own key cannot be read"))?;
        let mut keys = KeysManager::new();
        keys.add_key(key);
        Ok(keys)
    }
}
