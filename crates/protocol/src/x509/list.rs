//! Lists of what an authority took back (CRL, RFC 5280 section 5).

use super::{Authority, hex};
use domain::{Digest, Moment};
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
use std::fmt;
use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

/// How many bytes a list may have.
pub const MOST_LIST: usize = 2 * 1024 * 1024;

/// A list, read once.
pub struct RevocationList {
    pub(super) list: CertRevocationList<'static>,
    /// When it was made.
    pub made: Moment,
    /// When it says that another should be there.
    pub ends: Moment,
    /// How many certificates it names.
    pub count: usize,
    issuer: Digest,
    der: Vec<u8>,
}

/// Why bytes are no list that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadList(pub &'static str);

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationList({} of {})", self.count, hex(self.issuer.bytes()))
    }
}

impl RevocationList {
    /// Reads a list, in DER or PEM.
    ///
    /// # Errors
    /// [`BadList`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadList> {
        if bytes.len() > MOST_LIST {
            return Err(BadList("it is too large"));
        }
        let der = match bytes.first() {
            Some(0x30) => bytes.to_vec(),
            _ => CertificateRevocationListDer::from_pem_slice(bytes)
                .map_err(|_| BadList("it is neither DER nor PEM of a list"))?
                .to_vec(),
        };
        let unusual = "it is no list of version 2 with a next update, or it is a delta";
        let list = BorrowedCertRevocationList::from_der(&der).and_then(|list| list.to_owned());
        let list = list.map_err(|_| BadList(unusual))?;
        let (_, parsed) =
            CertificateRevocationList::from_der(&der).map_err(|_| BadList("it cannot be read"))?;
        let ends = parsed.next_update().ok_or(BadList(unusual))?;
        Ok(RevocationList {
            made: Moment::from_seconds(parsed.last_update().timestamp()),
            ends: Moment::from_seconds(ends.timestamp()),
            count: parsed.iter_revoked_certificates().count(),
            issuer: Digest::of(parsed.issuer().as_raw()),
            list: list.into(),
            der,
        })
    }

    /// The hash of its authority's name.
    pub fn issuer(&self) -> Digest {
        self.issuer
    }

    /// The bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the authority made it itself; if its name stands there, its signature must too.
    ///
    /// # Errors
    /// [`BadList`] where its name stands there and its signature does not.
    pub fn is_of(&self, authority: &Authority) -> Result<bool, BadList> {
        if self.issuer != authority.name() {
            return Ok(false);
        }
        let (_, parsed) =
            CertificateRevocationList::from_der(&self.der).map_err(|_| BadList("it cannot be read"))?;
        let signed = authority.signed(parsed.tbs_cert_list.as_ref(), &parsed.signature_value.data);
        if signed { Ok(true) } else { Err(BadList("it bears the authority's name and not its signature")) }
    }

    /// Whether it is fresh: fetched not too long ago, and not past its own end.
    pub fn is_fresh(&self, fetched: Moment, fresh: std::time::Duration, now: Moment) -> bool {
        now < self.stale_from(fetched, fresh)
    }

    /// When it stops to be fresh.
    pub fn stale_from(&self, fetched: Moment, fresh: std::time::Duration) -> Moment {
        self.ends.min(fetched + fresh)
    }
}
