//! A certificate as a client presented it, with the authorities that it brought along.

use super::{BadCertificate, hex};
use domain::{Attribute, Digest, Moment};
use rustls_pki_types::CertificateDer;
use std::fmt;
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    oid_registry::{
        OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT,
        OID_X509_SERIALNUMBER, Oid,
    },
    prelude::FromDer,
    x509::X509Name,
};

/// How many certificates a chain may have.
pub const MOST_CERTIFICATES: usize = 8;
/// How many bytes all of them may have.
pub const MOST_BYTES: usize = 32 * 1024;
/// How many values of a kind are looked at.
const MOST_VALUES: usize = 64;

/// A client's certificate and what stands between it and an authority.
#[derive(Clone)]
pub struct ClientChain {
    pub(super) leaf: CertificateDer<'static>,
    pub(super) between: Vec<CertificateDer<'static>>,
    facts: Facts,
    /// Who may have signed one of them.
    issuers: Vec<Digest>,
}

/// What stands in a certificate. To be believed only of one that an authority vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its serial number in hexadecimal, without leading zeros.
    pub serial: String,
    /// SHA-256 of all of it.
    pub fingerprint: Digest,
    /// From when it is good.
    pub begins: Moment,
    /// Until when.
    pub ends: Moment,
    values: Vec<(Attribute, String)>,
}

impl fmt::Debug for ClientChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientChain({})", hex(self.facts.fingerprint.bytes()))
    }
}

impl ClientChain {
    /// Reads a chain: the client's own certificate first.
    ///
    /// # Errors
    /// [`BadCertificate`].
    pub fn read(chain: Vec<Vec<u8>>) -> Result<Self, BadCertificate> {
        let bytes: usize = chain.iter().map(Vec::len).sum();
        if chain.len() > MOST_CERTIFICATES || bytes > MOST_BYTES {
            return Err(BadCertificate("the chain is too long"));
        }
        let mut chain = chain.into_iter().map(CertificateDer::from);
        let leaf = chain.next().ok_or(BadCertificate("there is no certificate"))?;
        let between: Vec<_> = chain.collect();
        let facts = Facts::of(&leaf)?;
        let issuers = std::iter::once(&leaf).chain(&between);
        let issuers = issuers.map(|one| Ok(name_digest(parse(one)?.issuer()))).collect::<Result<_, _>>()?;
        Ok(ClientChain { leaf, between, facts, issuers })
    }

    /// The certificates as they came, the client's own first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.leaf).chain(&self.between).map(AsRef::as_ref)
    }

    /// What stands in the client's own certificate.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// By the hash of their names, who may have signed one of its certificates.
    pub fn issuers(&self) -> &[Digest] {
        &self.issuers
    }
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    /// [`BadCertificate`].
    pub fn of(der: &[u8]) -> Result<Self, BadCertificate> {
        let certificate = parse(der)?;
        let fingerprint = Digest::of(der);
        let mut values = vec![(Attribute::Fingerprint, hex(fingerprint.bytes()))];
        for (attribute, name, oid) in [
            (Attribute::SubjectCn, certificate.subject(), &OID_X509_COMMON_NAME),
            (Attribute::SubjectO, certificate.subject(), &OID_X509_ORGANIZATION_NAME),
            (Attribute::SubjectOu, certificate.subject(), &OID_X509_ORGANIZATIONAL_UNIT),
            (Attribute::SubjectSerial, certificate.subject(), &OID_X509_SERIALNUMBER),
            (Attribute::IssuerCn, certificate.issuer(), &OID_X509_COMMON_NAME),
            (Attribute::IssuerO, certificate.issuer(), &OID_X509_ORGANIZATION_NAME),
            (Attribute::IssuerOu, certificate.issuer(), &OID_X509_ORGANIZATIONAL_UNIT),
        ] {
            values.extend(parts(name, oid).map(|value| (attribute, value)));
        }
        values.extend(alternatives(&certificate)?);
        let validity = certificate.validity();
        Ok(Facts {
            serial: serial(certificate.raw_serial()),
            fingerprint,
            begins: Moment::from_seconds(validity.not_before.timestamp()),
            ends: Moment::from_seconds(validity.not_after.timestamp()),
            values,
        })
    }

    /// What stands there under this name; of alternative names there may be several.
    pub fn all(&self, attribute: Attribute) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(held, _)| *held == attribute).map(|(_, value)| value.as_str())
    }

    /// The only one, if there is exactly one.
    pub fn only(&self, attribute: Attribute) -> Option<&str> {
        let mut all = self.all(attribute);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// All that a rule could name, in order.
    pub fn values(&self) -> &[(Attribute, String)] {
        &self.values
    }
}

/// The whole of these bytes as one certificate.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, BadCertificate> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(BadCertificate("it is no X.509 certificate")),
    }
}

/// The hash of a name as it is written; authorities are found by it.
pub(super) fn name_digest(name: &X509Name<'_>) -> Digest {
    Digest::of(name.as_raw())
}

/// A serial number without what says nothing.
pub(super) fn serial(raw: &[u8]) -> String {
    let first = raw.iter().position(|byte| *byte != 0).unwrap_or(raw.len().saturating_sub(1));
    hex(&raw[first..])
}

/// The values of one part of a name. What cannot be read as text is there all the same, as a text that no rule wants, so
/// that a part which stands twice is never taken for one that stands once.
fn parts<'n>(name: &'n X509Name<'_>, oid: &'n Oid<'static>) -> impl Iterator<Item = String> + 'n {
    let found = name.iter_attributes().filter(move |part| part.attr_type() == oid);
    found.take(MOST_VALUES).map(|part| part.as_str().map(readable).unwrap_or_default())
}

fn alternatives(certificate: &X509Certificate<'_>) -> Result<Vec<(Attribute, String)>, BadCertificate> {
    let twice = BadCertificate("its alternative names stand there twice or cannot be read");
    let Some(names) = certificate.subject_alternative_name().map_err(|_| twice)? else {
        return Ok(Vec::new());
    };
    let value = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((Attribute::SanDns, readable(name).to_ascii_lowercase())),
        GeneralName::URI(name) => Some((Attribute::SanUri, readable(name))),
        GeneralName::RFC822Name(name) => Some((Attribute::SanEmail, readable(name).to_ascii_lowercase())),
        _ => None,
    };
    Ok(names.value.general_names.iter().filter_map(value).take(MOST_VALUES).collect())
}

/// A text that may be compared and told on; nothing of one that holds what people cannot see.
fn readable(text: &str) -> String {
    let sound = text.len() <= domain::anchor::LONGEST && !text.chars().any(char::is_control);
    if sound { text.to_owned() } else { String::new() }
}
