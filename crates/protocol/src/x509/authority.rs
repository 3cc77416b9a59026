//! An authority whose certificates are believed.

use super::{
    Facts,
    certificate::{name_digest, parse, serial},
};
use domain::{Attribute, Digest, Moment, TenantId};
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::EndEntityCert;

/// An authority, read once.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(super) anchor: TrustAnchor<'static>,
    pub(super) certificate: CertificateDer<'static>,
    /// How many authorities may stand below it.
    pub(super) depth: Option<u32>,
    name: Digest,
    key: Digest,
    facts: Facts,
}

/// Why a certificate is none of an authority that can be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAuthority {
    /// It is no certificate.
    #[error("{0}")]
    Certificate(#[from] super::BadCertificate),
    /// It may sign nothing.
    #[error("it is no certificate of an authority: its basic constraints do not say CA")]
    NoAuthority,
    /// It may sign, but no certificates.
    #[error("its key usage does not say that it signs certificates")]
    KeyUsage,
    /// Its key is of a kind, or a size, that is not believed.
    #[error("its key or its form cannot be used: ECDSA, Ed25519, or RSA of 2048 bits and more")]
    Key,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

impl Authority {
    /// Reads the certificate of an authority.
    ///
    /// # Errors
    /// [`BadAuthority`]. Whether its time is over is not asked here.
    pub fn read(der: &[u8]) -> Result<Self, BadAuthority> {
        let certificate = CertificateDer::from(der.to_vec());
        let facts = Facts::of(der)?;
        let parsed = parse(der)?;
        let constraints = parsed.basic_constraints().ok().flatten().ok_or(BadAuthority::NoAuthority)?;
        if !constraints.value.ca {
            return Err(BadAuthority::NoAuthority);
        }
        let usage = parsed.key_usage().map_err(|_| BadAuthority::KeyUsage)?;
        if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
            return Err(BadAuthority::KeyUsage);
        }
        if !is_strong(&parsed) {
            return Err(BadAuthority::Key);
        }
        let anchor = webpki::anchor_from_trusted_cert(&certificate).map_err(|_| BadAuthority::Key)?;
        Ok(Authority {
            anchor: anchor.to_owned(),
            depth: constraints.value.path_len_constraint,
            name: name_digest(parsed.subject()),
            key: Digest::of(parsed.public_key().raw),
            certificate,
            facts,
        })
    }

    /// What stands in its certificate.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The hash of its name, by which those that it signed say who did.
    pub fn name(&self) -> Digest {
        self.name
    }

    /// The hash of its public key.
    pub fn key(&self) -> Digest {
        self.key
    }

    /// What it is called, for people.
    pub fn title(&self) -> String {
        let part = |attribute| self.facts.all(attribute).find(|text| !text.is_empty());
        let named = part(Attribute::SubjectCn).or_else(|| part(Attribute::SubjectO));
        named.unwrap_or("an authority without a name").to_owned()
    }

    /// Whether its time is over, or has not come.
    pub fn is_over(&self, now: Moment) -> bool {
        now < self.facts.begins || now >= self.facts.ends
    }

    /// The common name of a certificate by which its owner shows, to this tenant alone, that they have its key.
    pub fn proof_name(&self, tenant: TenantId) -> String {
        let tenant = tenant.to_string();
        let code = Digest::of_parts(&[b"partywall anchor 1\n", tenant.as_bytes(), b"\n", self.key.bytes()]);
        format!("partywall-{}", super::hex(&code.bytes()[..16]))
    }

    /// Whether this certificate is such a proof: called as it should be, and signed by the authority itself. When it
    /// was made and until when it is good says nothing, so that any tool can make it.
    pub fn is_proved_by(&self, proof: &[u8], tenant: TenantId) -> bool {
        let Ok(facts) = Facts::of(proof) else { return false };
        facts.only(Attribute::SubjectCn) == Some(self.proof_name(tenant).as_str()) && self.has_signed(proof)
    }

    fn has_signed(&self, der: &[u8]) -> bool {
        let Ok(parsed) = parse(der) else { return false };
        let (message, signature) = (parsed.tbs_certificate.as_ref(), &parsed.signature_value.data);
        self.signed(message, signature)
    }

    /// Whether this is its signature, by whatever algorithm its key is for.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        // Any certificate is read as one here; nothing is asked but its key.
        let Ok(holder) = EndEntityCert::try_from(&self.certificate) else { return false };
        webpki::ALL_VERIFICATION_ALGS
            .iter()
            .any(|algorithm| holder.verify_signature(*algorithm, message, signature).is_ok())
    }

    /// Its serial number, as lists name it.
    pub fn serial(&self) -> String {
        parse(&self.certificate).map(|parsed| serial(parsed.raw_serial())).unwrap_or_default()
    }
}

/// Whether webpki would believe a signature of this key.
fn is_strong(parsed: &x509_parser::certificate::X509Certificate<'_>) -> bool {
    use x509_parser::public_key::PublicKey;
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size() >= 2048,
        Ok(PublicKey::EC(key)) => matches!(key.key_size(), 256 | 384 | 521),
        Ok(PublicKey::Unknown(_)) => true,
        _ => false,
    }
}
