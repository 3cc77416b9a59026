//! In which ways a provider's metadata or answer is not believed.

use domain::Fault;

/// Why something of a SAML provider is not used. The words are for whoever set the connection up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// The XML is none that is read here.
    #[error("the XML is not accepted: {0}")]
    Xml(&'static str),
    /// The metadata cannot be used.
    #[error("the provider's metadata cannot be used: {0}")]
    Metadata(&'static str),
    /// The metadata is of another entity.
    #[error("the metadata is of another entity than {0}")]
    OtherEntity(String),
    /// A certificate is none that is believed.
    #[error("the provider's certificate cannot be used: {0}")]
    Certificate(&'static str),
    /// No believed signature.
    #[error("the signature is not believed: {0}")]
    Signature(&'static str),
    /// It is signed by a key that is in no certificate of the metadata.
    #[error("it is signed by none of the certificates that the provider's metadata holds")]
    UnknownKey,
    /// The encrypted assertion does not open.
    #[error("the encrypted assertion does not open: {0}")]
    Encrypted(&'static str),
    /// It was made by somebody else.
    #[error("it is issued by another entity than the connection's provider")]
    Issuer,
    /// It was made for somebody else.
    #[error("it is meant for another audience than the connection's entity id")]
    Audience,
    /// It was sent somewhere else.
    #[error("it is addressed to another place than the connection's assertion consumer")]
    Recipient,
    /// It is too old, or not good yet.
    #[error("it is not good at this time: {0}")]
    Time(&'static str),
    /// It answers another request.
    #[error("its parts answer different requests")]
    InResponseTo,
    /// The provider refused.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// It does not say who it is about in a way that can be relied on.
    #[error("it does not say who signed in: {0}")]
    Subject(&'static str),
    /// Something else of it is not as it must be.
    #[error("the answer is not accepted: {0}")]
    Answer(&'static str),
}

impl Fault for SamlError {
    fn code(&self) -> &'static str {
        match self {
            SamlError::Metadata(_) | SamlError::Certificate(_) => "provider.metadata",
            SamlError::OtherEntity(_) => "provider.issuer-mismatch",
            SamlError::Refused(_) => "provider.refused",
            SamlError::Signature(_) | SamlError::UnknownKey | SamlError::Encrypted(_) => "saml.signature",
            SamlError::Issuer | SamlError::Audience | SamlError::Recipient => "saml.addressee",
            SamlError::Time(_) => "saml.time",
            SamlError::InResponseTo => "callback.state",
            SamlError::Subject(_) => "saml.subject",
            SamlError::Xml(_) | SamlError::Answer(_) => "saml.malformed",
        }
    }

    fn detail(&self) -> Option<String> {
        Some(self.to_string())
    }
}
