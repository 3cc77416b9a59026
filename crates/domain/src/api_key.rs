//! API keys as text: how they are made, read, told from other texts, and found where they should not be.
//!
//! `pwk_` begins a random key, of which only the hash is stored; `pws_` one that says itself whose it is,
//! under a code of ours. Both end in six letters that a typing slip or a text that merely looks like a key
//! does not have, so that neither costs a question to anybody. `docs/wire.md` has the layout.

use crate::{
    ApiKeyId, Chance, Digest, Moment, Network, ScopeName, Secret, SubscriberId, TenantId, digest::MacKey,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{fmt, str::FromStr};

/// How a random key begins.
pub const RANDOM: &str = "pwk_";
/// How a signed key begins.
pub const SIGNED: &str = "pws_";
/// The pattern by which leak scanners find keys of both kinds.
pub const PATTERN: &str = r"pw(?:k_[0-9A-Za-z]{49}|s_[0-9A-Za-z_-]{124,1024})";

/// Letters of a random key, which make 256 bits.
const RANDOM_LETTERS: usize = 43;
/// Letters of the checksum.
const CHECK_LETTERS: usize = 6;
/// The most letters that a signed key may have after its prefix.
const MOST_LETTERS: usize = 1_024;
/// What a signed key holds before its scopes: three ids and its end.
const FIXED: usize = 3 * 16 + 8;
/// What a code of HMAC-SHA256 holds.
const CODE: usize = 32;
const PURPOSE: &[u8] = b"partywall signed key 1\n";

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyKind {
    /// Chance alone; its hash is looked up.
    Random,
    /// Says itself whose it is; verified without a look-up.
    Signed,
}

impl ApiKeyKind {
    /// Its name in columns and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            ApiKeyKind::Random => "random",
            ApiKeyKind::Signed => "signed",
        }
    }

    /// The kind that a text claims to be, by how it begins.
    pub fn claimed_by(text: &[u8]) -> Option<Self> {
        match text {
            _ if text.starts_with(RANDOM.as_bytes()) => Some(ApiKeyKind::Random),
            _ if text.starts_with(SIGNED.as_bytes()) => Some(ApiKeyKind::Signed),
            _ => None,
        }
    }
}

impl fmt::Display for ApiKeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is `random` or `signed`")]
pub struct BadApiKeyKind;

impl FromStr for ApiKeyKind {
    type Err = BadApiKeyKind;
    fn from_str(text: &str) -> Result<Self, BadApiKeyKind> {
        match text {
            "random" => Ok(ApiKeyKind::Random),
            "signed" => Ok(ApiKeyKind::Signed),
            _ => Err(BadApiKeyKind),
        }
    }
}

/// A text that has the form of a key, checksum and all. Whether it is one is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiKeyText<'t> {
    kind: ApiKeyKind,
    text: &'t str,
}

impl<'t> ApiKeyText<'t> {
    /// Reads a text; none if it cannot be a key of ours.
    pub fn parse(text: &'t str) -> Option<Self> {
        let kind = ApiKeyKind::claimed_by(text.as_bytes())?;
        let letters = text.len() - RANDOM.len();
        let fits = match kind {
            ApiKeyKind::Random => letters == RANDOM_LETTERS + CHECK_LETTERS,
            ApiKeyKind::Signed => (CHECK_LETTERS + 1..=MOST_LETTERS).contains(&letters),
        };
        if !fits || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.split_at(text.len() - CHECK_LETTERS);
        (check.as_bytes() == checksum(body.as_bytes())).then_some(ApiKeyText { kind, text })
    }

    /// Which kind it is.
    pub fn kind(&self) -> ApiKeyKind {
        self.kind
    }

    /// The hash under which a key is stored and remembered.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(&[b"partywall key\n", self.text.as_bytes()])
    }

    /// The letters between prefix and checksum.
    fn body(&self) -> &'t str {
        &self.text[RANDOM.len()..self.text.len() - CHECK_LETTERS]
    }
}

/// A new random key: 43 letters, each one of 62 alike, which is 256 bits.
pub fn random(chance: &Chance) -> Secret<String> {
    let mut text = String::from(RANDOM);
    while text.len() < RANDOM.len() + RANDOM_LETTERS {
        // Bytes beyond the last multiple of 62 would favour the first letters.
        let even = chance.bytes::<64>().into_iter().filter(|byte| *byte < 248);
        let room = RANDOM.len() + RANDOM_LETTERS - text.len();
        text.extend(even.take(room).map(|byte| char::from(BASE62[usize::from(byte) % 62])));
    }
    Secret::new(checked(text))
}

/// What a signed key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKey {
    /// Which key.
    pub key: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
    /// Whose within the tenant.
    pub subscriber: SubscriberId,
    /// When it ends, in whole seconds.
    pub ends: Moment,
    /// What it is good for.
    pub scopes: Vec<ScopeName>,
    /// Where it may be used from; anywhere if there are none.
    pub networks: Vec<Network>,
}

impl SignedKey {
    /// The key's text, under this secret; none if it says more than a key can hold.
    pub fn sign(&self, secret: &MacKey) -> Option<Secret<String>> {
        let mut bytes = Vec::with_capacity(FIXED + CODE);
        for id in [self.key.bits(), self.tenant.bits(), self.subscriber.bits()] {
            bytes.extend_from_slice(&id.to_be_bytes());
        }
        bytes.extend_from_slice(&self.ends.seconds().to_be_bytes());
        bytes.extend_from_slice(joined(&self.scopes).as_bytes());
        if !self.networks.is_empty() {
            bytes.push(b'\n');
            bytes.extend_from_slice(joined(&self.networks).as_bytes());
        }
        let code = secret.sign(&[PURPOSE, &bytes]);
        bytes.extend_from_slice(code.bytes());
        let text = checked(format!("{SIGNED}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
        (text.len() - SIGNED.len() <= MOST_LETTERS).then(|| Secret::new(text))
    }

    /// What a key's text says, if one of these secrets made it.
    pub fn read<'s>(text: ApiKeyText<'_>, secrets: impl IntoIterator<Item = &'s MacKey>) -> Option<Self> {
        if text.kind != ApiKeyKind::Signed {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.body()).ok()?;
        let (said, code) = bytes.split_at_checked(bytes.len().checked_sub(CODE)?)?;
        let code = Digest::from_bytes(code.try_into().ok()?);
        secrets.into_iter().any(|secret| secret.verifies(&[PURPOSE, said], &code)).then_some(())?;
        let (fixed, rest) = said.split_at_checked(FIXED)?;
        let id = |at: usize| Some(u128::from_be_bytes(fixed.get(at..at + 16)?.try_into().ok()?));
        let ends = i64::from_be_bytes(fixed.get(48..FIXED)?.try_into().ok()?);
        let rest = std::str::from_utf8(rest).ok()?;
        let (scopes, networks) = rest.split_once('\n').unwrap_or((rest, ""));
        Some(SignedKey {
            key: ApiKeyId::from_bits(id(0)?),
            tenant: TenantId::from_bits(id(16)?),
            subscriber: SubscriberId::from_bits(id(32)?),
            ends: Moment::from_seconds(ends),
            scopes: parted(scopes)?,
            networks: parted(networks)?,
        })
    }
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn parted<T: FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(' ').filter(|piece| !piece.is_empty()).map(|piece| piece.parse().ok()).collect()
}

/// A key in a text that holds other things: where it begins and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The first byte.
    pub at: usize,
    /// How many bytes.
    pub length: usize,
    /// Which kind.
    pub kind: ApiKeyKind,
}

/// The keys in `bytes`, wherever they stand. What has the form and not the checksum is none.
pub fn find(bytes: &[u8]) -> Vec<Found> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-';
    let mut found = Vec::new();
    for at in 0..bytes.len().saturating_sub(RANDOM.len()) {
        let Some(kind) = ApiKeyKind::claimed_by(&bytes[at..]) else { continue };
        let rest = &bytes[at + RANDOM.len()..];
        let letters = match kind {
            ApiKeyKind::Random => RANDOM_LETTERS + CHECK_LETTERS,
            ApiKeyKind::Signed => rest.iter().take_while(|byte| is_letter(byte)).count(),
        };
        let length = RANDOM.len() + letters;
        let text = bytes.get(at..at + length).and_then(|text| std::str::from_utf8(text).ok());
        if text.and_then(ApiKeyText::parse).is_some() {
            found.push(Found { at, length, kind });
        }
    }
    found
}

fn checked(body: String) -> String {
    let check = checksum(body.as_bytes());
    body + std::str::from_utf8(&check).expect("base 62 is ASCII")
}

/// CRC-32 (ISO 3309) in six letters of base 62: what GitHub's tokens end in.
fn checksum(body: &[u8]) -> [u8; CHECK_LETTERS] {
    let mut crc = !body.iter().fold(u32::MAX, |crc, byte| (crc >> 8) ^ CRC[usize::from(crc as u8 ^ byte)]);
    let mut letters = [b'0'; CHECK_LETTERS];
    for letter in letters.iter_mut().rev() {
        *letter = BASE62[crc as usize % 62];
        crc /= 62;
    }
    letters
}

/// The remainders of all bytes, for the polynomial 0xEDB88320.
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
