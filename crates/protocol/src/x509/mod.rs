//! Client certificates (RFC 5280): what stands in one, whether an authority vouches for it, and what the rules of that
//! authority's anchor make of it. Paths are built and signatures checked by webpki; the rest of a certificate is read by
//! x509-parser, and what it says counts only once webpki has believed it.

mod authority;
mod certificate;
mod field;
mod list;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

pub use authority::{Authority, BadAuthority};
pub use certificate::{ClientChain, Facts, MOST_BYTES, MOST_CERTIFICATES};
pub use field::{read_fields, write_fields};
pub use list::{BadList, MOST_LIST, RevocationList};
pub use rules::{Grant, grants, means};
pub use verify::{Untrusted, Vouched, verify};

use rustls_pki_types::{CertificateDer, pem::PemObject};

/// Why a text or its bytes are no certificate that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCertificate(pub &'static str);

/// The certificates of a PEM text, in its order.
///
/// # Errors
/// [`BadCertificate`] for none, for too many, and for what is no PEM.
pub fn read_pem(text: &str) -> Result<Vec<Vec<u8>>, BadCertificate> {
    if text.len() > 2 * MOST_BYTES {
        return Err(BadCertificate("it is too large"));
    }
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let all = all.map_err(|_| BadCertificate("it is not PEM"))?;
    match all.len() {
        0 => Err(BadCertificate("it holds no certificate; one begins with -----BEGIN CERTIFICATE-----")),
        many if many > MOST_CERTIFICATES => Err(BadCertificate("it holds too many certificates")),
        _ => Ok(all.into_iter().map(|der| der.to_vec()).collect()),
    }
}

/// Bytes in hexadecimal, as fingerprints and serial numbers are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A fingerprint or a serial number as people copy it: colons, spaces and capitals say nothing.
pub fn plain_hex(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|letter| !matches!(letter, ':' | ' ')).collect();
    let plain = plain.to_ascii_lowercase();
    let sound = !plain.is_empty() && plain.len() <= 64 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then_some(plain)
}
