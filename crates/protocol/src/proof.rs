//! The proof beside the context token: that this very request came through the gateway, just now
//! (`docs/wire.md`, "The proof").
//!
//! The token is cached for a minute and would let itself be replayed; the proof covers one request and
//! is made anew for each.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Chance, Digest, Fault, Moment,
    digest::{LETTERS, MacKey},
};
use std::{fmt::Write, time::Duration};

/// How far a proof's time may lie from the reader's, both ways.
pub const WINDOW: Duration = Duration::from_secs(10);

const VERSION: &[u8] = b"partywall-proof-1";
const HEADER_LIMIT: usize = 256;
/// How many letters the nonces that we make have.
const NONCE_LETTERS: usize = 22;

/// What a proof covers.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    /// The method as forwarded.
    pub method: &'a str,
    /// The path with query as forwarded.
    pub path: &'a str,
    /// The SHA-256 of the `Partywall-Context` header; cached beside the token.
    pub context: &'a Digest,
}

/// Why a proof is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not of the form `t=…,n=…,v=…`.
    #[error("the proof is malformed")]
    Malformed,
    /// Older or newer than ten seconds.
    #[error("the proof is older or newer than ten seconds")]
    Stale,
    /// For another request, another context, or under another secret.
    #[error("the proof is not for this request")]
    Wrong,
}

impl Fault for ProofError {
    fn code(&self) -> &'static str {
        match self {
            ProofError::Malformed => "proof.malformed",
            ProofError::Stale => "proof.stale",
            ProofError::Wrong => "proof.wrong",
        }
    }
}

impl Proven<'_> {
    /// The value of the `Partywall-Proof` header. One is made for each request that passes.
    pub fn prove(&self, secret: &MacKey, now: Moment, chance: &Chance) -> String {
        let mut letters = [0; NONCE_LETTERS];
        let length = BASE64_URL_SAFE_NO_PAD.encode_slice(chance.fresh::<16>(), &mut letters);
        length.expect("16 bytes make 22 letters");
        let nonce = std::str::from_utf8(&letters).expect("base64url is ASCII");
        let seconds = now.seconds().to_string();
        let code = self.code(secret, &seconds, nonce);
        let mut header = String::with_capacity("t=,n=,v=".len() + seconds.len() + nonce.len() + LETTERS);
        write!(header, "t={seconds},n={nonce},v={code}").expect("a string takes whatever is written");
        header
    }

    /// Believes a `Partywall-Proof` header and gives its nonce, which the reader refuses to see again
    /// within [`WINDOW`] on either side.
    ///
    /// # Errors
    /// As [`ProofError`] says.
    pub fn check<'h>(&self, secret: &MacKey, header: &'h str, now: Moment) -> Result<&'h str, ProofError> {
        let (seconds, nonce, code) = split(header).ok_or(ProofError::Malformed)?;
        let made: i64 = seconds.parse().map_err(|_| ProofError::Malformed)?;
        let made = Moment::from_seconds(made);
        // The time is in whole seconds, so the window is measured in them.
        let now = Moment::from_seconds(now.seconds());
        if now.since(made) > WINDOW || made.since(now) > WINDOW {
            return Err(ProofError::Stale);
        }
        if self.code(secret, seconds, nonce) != code {
            return Err(ProofError::Wrong);
        }
        Ok(nonce)
    }

    fn code(&self, secret: &MacKey, seconds: &str, nonce: &str) -> Digest {
        secret.sign(&[
            VERSION,
            b"\n",
            seconds.as_bytes(),
            b"\n",
            nonce.as_bytes(),
            b"\n",
            self.method.as_bytes(),
            b"\n",
            self.path.as_bytes(),
            b"\n",
            &self.context.letters(),
        ])
    }
}

/// The three parts, each of the letters it may have: a line break in one would move the others.
fn split(header: &str) -> Option<(&str, &str, Digest)> {
    if header.len() > HEADER_LIMIT {
        return None;
    }
    let (seconds, rest) = header.strip_prefix("t=")?.split_once(",n=")?;
    let (nonce, code) = rest.split_once(",v=")?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let sound = (1..=15).contains(&seconds.len())
        && seconds.bytes().all(|byte| byte.is_ascii_digit())
        && (16..=64).contains(&nonce.len())
        && nonce.bytes().all(letter);
    if sound { Some((seconds, nonce, Digest::parse(code)?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_seconds(1_800_000_000);

    fn made(secret: &MacKey, context: &Digest) -> String {
        Proven { method: "GET", path: "/surveys?page=2", context }.prove(secret, NOW, &Chance::system())
    }

    #[test]
    fn a_backend_believes_the_gateway_s_proof_of_this_request() {
        let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
        let header = made(&secret, &context);
        let proven = Proven { method: "GET", path: "/surveys?page=2", context: &context };
        let nonce = proven.check(&secret, &header, NOW + WINDOW).unwrap();
        assert!(header.contains(&format!(",n={nonce},")));
    }

    #[test]
    fn the_code_is_the_one_that_the_wire_page_describes() {
        let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
        let text = format!("partywall-proof-1\n1800000000\nAAAAAAAAAAAAAAAAAAAAAA\nPOST\n/a?b=c\n{context}");
        let code = secret.sign(&[text.as_bytes()]);
        let header = format!("t=1800000000,n=AAAAAAAAAAAAAAAAAAAAAA,v={code}");
        let proven = Proven { method: "POST", path: "/a?b=c", context: &context };
        assert_eq!(proven.check(&secret, &header, NOW), Ok("AAAAAAAAAAAAAAAAAAAAAA"));
    }

    #[test]
    fn a_proof_is_worthless_for_another_request_context_or_deployment() {
        let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
        let header = made(&secret, &context);
        let path = "/surveys?page=2";
        let check = |secret: &MacKey, method, path, context: &Digest| {
            Proven { method, path, context }.check(secret, &header, NOW).unwrap_err()
        };
        assert_eq!(check(&secret, "POST", path, &context), ProofError::Wrong);
        assert_eq!(check(&secret, "GET", "/surveys?page=3", &context), ProofError::Wrong);
        assert_eq!(check(&secret, "GET", path, &Digest::of(b"other")), ProofError::Wrong);
        assert_eq!(check(&MacKey::new(b"other"), "GET", path, &context), ProofError::Wrong);
    }

    #[test]
    fn a_proof_older_or_newer_than_ten_seconds_is_refused() {
        let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
        let header = made(&secret, &context);
        let proven = Proven { method: "GET", path: "/surveys?page=2", context: &context };
        let late = WINDOW + Duration::from_secs(1);
        assert_eq!(proven.check(&secret, &header, NOW + late), Err(ProofError::Stale));
        assert_eq!(proven.check(&secret, &header, NOW - late), Err(ProofError::Stale));
    }

    #[test]
    fn what_is_not_a_proof_is_refused() {
        let (secret, context) = (MacKey::new(b"deployment"), Digest::of(b"token"));
        let proven = Proven { method: "GET", path: "/", context: &context };
        let good = made(&secret, &context);
        let long = format!("{good}{}", "a".repeat(300));
        let signed = good.replace("t=", "t=+");
        for bad in
            ["", "t=1", "t=,n=,v=", "t=1800000000,n=a b,v=x", &good[1..], &long, &signed, &format!("{good},")]
        {
            assert_eq!(proven.check(&secret, bad, NOW), Err(ProofError::Malformed), "{bad}");
        }
    }
}
