//! Whether an authority vouches for a certificate.

use super::{Authority, ClientChain, RevocationList};
use domain::Moment;
use rustls_pki_types::UnixTime;
use std::time::Duration;
use webpki::{
    EndEntityCert, Error, KeyUsage, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    VerifiedPath,
};

/// Why a certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Untrusted {
    /// Nobody here vouches for it.
    #[error("none of the authorities vouches for it")]
    Unknown,
    /// It breaks a rule of its own or of an authority above it.
    #[error("it, or an authority above it, is malformed or breaks a rule: {0}")]
    Broken(&'static str),
    /// It is not for clients.
    #[error("it, or an authority above it, is not meant for clients")]
    Purpose,
    /// Its time has not come.
    #[error("its time, or that of an authority above it, has not come")]
    Early,
    /// Its time is over.
    #[error("its time, or that of an authority above it, is over")]
    Expired,
    /// Nobody knows whether it was taken back.
    #[error("it is not known whether it was taken back")]
    StatusUnknown,
    /// It was taken back.
    #[error("it was taken back")]
    Revoked,
}

/// What an authority says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Until when, as far as times are concerned.
    pub until: Moment,
    /// The serial numbers and fingerprints of the certificate and of the authorities between, in hexadecimal: whichever
    /// of them was taken back takes all of it back.
    pub marks: Vec<String>,
}

/// Whether this authority vouches for the client's certificate now, by these lists of what was taken back. `strict` says
/// that every certificate of the path must be answered for by a list.
///
/// # Errors
/// [`Untrusted`].
pub fn verify(
    chain: &ClientChain,
    authority: &Authority,
    lists: &[&RevocationList],
    strict: bool,
    now: Moment,
) -> Result<Vouched, Untrusted> {
    if now < authority.facts().begins {
        return Err(Untrusted::Early);
    }
    if now >= authority.facts().ends {
        return Err(Untrusted::Expired);
    }
    let leaf = EndEntityCert::try_from(&chain.leaf).map_err(of_error)?;
    let anchors = [authority.anchor.clone()];
    let lists: Vec<_> = lists.iter().map(|list| &list.list).collect();
    let policy = if strict { UnknownStatusPolicy::Deny } else { UnknownStatusPolicy::Allow };
    let revocation = RevocationOptionsBuilder::new(&lists).ok();
    let revocation = revocation
        .map(|options| options.with_depth(RevocationCheckDepth::Chain).with_status_policy(policy).build());
    if strict && revocation.is_none() {
        return Err(Untrusted::StatusUnknown);
    }
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds().max(0).unsigned_abs()));
    let deep = |path: &VerifiedPath<'_>| {
        let between = path.intermediate_certificates().count();
        let allowed = authority.depth.is_none_or(|depth| between <= depth as usize);
        if allowed { Ok(()) } else { Err(Error::PathLenConstraintViolated) }
    };
    let path = leaf
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &chain.between,
            time,
            KeyUsage::client_auth(),
            revocation,
            Some(&deep),
        )
        .map_err(of_error)?;
    let mut vouched = Vouched { until: authority.facts().ends, marks: Vec::new() };
    vouched.with(chain.facts());
    for between in path.intermediate_certificates() {
        let facts = super::Facts::of(&between.der()).map_err(|bad| Untrusted::Broken(bad.0))?;
        vouched.with(&facts);
    }
    Ok(vouched)
}

impl Vouched {
    fn with(&mut self, facts: &super::Facts) {
        self.until = self.until.min(facts.ends);
        self.marks.extend([facts.serial.clone(), super::hex(facts.fingerprint.bytes())]);
    }
}

fn of_error(error: Error) -> Untrusted {
    match error {
        Error::CertExpired { .. } => Untrusted::Expired,
        Error::CertNotValidYet { .. } => Untrusted::Early,
        Error::CertRevoked => Untrusted::Revoked,
        Error::UnknownRevocationStatus | Error::CrlExpired { .. } => Untrusted::StatusUnknown,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Untrusted::Purpose,
        Error::UnknownIssuer => Untrusted::Unknown,
        Error::InvalidSignatureForPublicKey => Untrusted::Unknown,
        Error::InvalidCrlSignatureForPublicKey | Error::IssuerNotCrlSigner => Untrusted::StatusUnknown,
        Error::CaUsedAsEndEntity => Untrusted::Broken("it is an authority's own, or one that signed itself"),
        Error::EndEntityUsedAsCa => Untrusted::Broken("what signed it is no authority"),
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            Untrusted::Broken("too many authorities stand between")
        }
        Error::NameConstraintViolation => Untrusted::Broken("the authority may not vouch for such names"),
        Error::UnsupportedCertVersion => Untrusted::Broken("it is not of version 3"),
        Error::UnsupportedCriticalExtension => {
            Untrusted::Broken("it says something critical that is not understood")
        }
        _ => Untrusted::Broken("it cannot be read, or its signature is of a kind that is not taken"),
    }
}
