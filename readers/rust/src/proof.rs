//! The proof: that this very request came through the gateway within the last seconds.

use aws_lc_rs::{digest, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{ContextError, TOLERANCE};

/// The header it travels in.
pub(crate) const HEADER: &str = "Partywall-Proof";

/// The first line of what is signed, so that the scheme can change without being confused with this one.
const SCHEME: &str = "partywall-proof-1";

/// What the proof header says, not yet believed.
pub(crate) struct Proof<'a> {
    seconds: i64,
    pub(crate) nonce: &'a str,
    code: Vec<u8>,
}

impl<'a> Proof<'a> {
    /// Reads `t=<unix seconds>,n=<nonce>,v=<base64url code>`, in this order and nothing else.
    pub(crate) fn parse(header: &'a str) -> Result<Self, ContextError> {
        Self::parts(header).ok_or(ContextError::Malformed(HEADER))
    }

    fn parts(header: &'a str) -> Option<Self> {
        let mut parts = header.split(',');
        let seconds = parts.next()?.strip_prefix("t=")?;
        let nonce = parts.next()?.strip_prefix("n=")?;
        let code = parts.next()?.strip_prefix("v=")?;
        let is_seconds = (1..=12).contains(&seconds.len()) && seconds.bytes().all(|b| b.is_ascii_digit());
        let is_nonce = (1..=64).contains(&nonce.len()) && nonce.bytes().all(is_base64url);
        if parts.next().is_some() || !is_seconds || !is_nonce {
            return None;
        }
        Some(Self { seconds: seconds.parse().ok()?, nonce, code: URL_SAFE_NO_PAD.decode(code).ok()? })
    }

    /// Was it made with our secret, for this method, target and token?
    pub(crate) fn check_code(
        &self,
        secret: &hmac::Key,
        method: &str,
        target: &str,
        token: &str,
    ) -> Result<(), ContextError> {
        let token_hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
        let seconds = self.seconds;
        let nonce = self.nonce;
        let signed = format!("{SCHEME}\n{seconds}\n{nonce}\n{method}\n{target}\n{token_hash}");
        hmac::verify(secret, signed.as_bytes(), &self.code).map_err(|_| ContextError::ProofWrong)
    }

    /// Is it neither older nor newer than ten seconds?
    pub(crate) fn check_age(&self, now: i64) -> Result<(), ContextError> {
        if (now - self.seconds).abs() > TOLERANCE { Err(ContextError::ProofStale) } else { Ok(()) }
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
