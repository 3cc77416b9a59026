//! A provider's published keys (RFC 7517): what can be used is kept, what cannot is passed over, what
//! is ambiguous is refused.

use super::{Algorithm, KeySetError, TokenError};
use crate::json;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Digest;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use std::fmt;

const TEXT_LIMIT: usize = 64 * 1024;
const KEY_LIMIT: usize = 100;
const KID_LIMIT: usize = 512;

const RSA: &[Algorithm] = &[
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

/// The usable keys of one issuer.
#[derive(Clone)]
pub struct JwkSet {
    keys: Vec<Key>,
}

#[derive(Clone)]
pub(super) struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    /// The same for the same key, whatever its name: it tells a key published twice from two keys.
    material: Digest,
    pub(super) decoding: DecodingKey,
}

impl JwkSet {
    /// Reads a key set as it was fetched.
    ///
    /// # Errors
    /// As [`KeySetError`] says.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        if text.len() > TEXT_LIMIT {
            return Err(KeySetError::TooLarge);
        }
        let mut document = json::object(text).ok_or(KeySetError::Malformed)?;
        let Some(Value::Array(entries)) = document.remove("keys") else {
            return Err(KeySetError::Malformed);
        };
        if entries.len() > KEY_LIMIT {
            return Err(KeySetError::TooLarge);
        }
        let mut keys = Vec::new();
        for key in entries.iter().filter_map(Key::usable) {
            add(&mut keys, key)?;
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(JwkSet { keys }) }
    }

    /// How many keys can be used.
    pub fn usable(&self) -> usize {
        self.keys.len()
    }

    /// The one key that may verify a token of this algorithm and this key id. A token without a key id
    /// is believed only where there is nothing to choose (OIDC Core 10.1).
    pub(super) fn select(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<&Key, TokenError> {
        let fits = |key: &&Key| key.algorithms.contains(&algorithm);
        let Some(kid) = kid else {
            let mut fitting = self.keys.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(TokenError::UnknownKey),
            };
        };
        let mut named = self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid)).peekable();
        named.peek().ok_or(TokenError::UnknownKey)?;
        named.find(fits).ok_or(TokenError::Algorithm)
    }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

/// Adds a key, unless it is there already; providers do publish the same key twice, once for each
/// algorithm.
fn add(keys: &mut Vec<Key>, key: Key) -> Result<(), KeySetError> {
    if key.kid.is_some() && keys.iter().any(|known| known.kid == key.kid && known.material != key.material) {
        return Err(KeySetError::AmbiguousKid);
    }
    match keys.iter_mut().find(|known| known.kid == key.kid && known.material == key.material) {
        Some(known) => known.algorithms.extend(key.algorithms),
        None => keys.push(key),
    }
    Ok(())
}

impl Key {
    fn usable(entry: &Value) -> Option<Key> {
        let entry = entry.as_object()?;
        if !is_public_and_for_signatures(entry) {
            return None;
        }
        let kid = match entry.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().filter(|kid| kid.len() <= KID_LIMIT)?.to_owned()),
        };
        let (family, material, decoding) = read_material(entry)?;
        let algorithms = match entry.get("alg") {
            None => family.to_vec(),
            Some(name) => vec![Algorithm::named(name.as_str()?).filter(|named| family.contains(named))?],
        };
        Some(Key { kid, algorithms, material, decoding })
    }
}

/// Whether the entry says nothing against verifying with it. A key whose private half is published
/// proves nothing, so it is passed over too.
fn is_public_and_for_signatures(entry: &Map<String, Value>) -> bool {
    let for_signatures = entry.get("use").is_none_or(|purpose| purpose == "sig");
    let verifies = entry.get("key_ops").is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    let public = ["d", "k", "p", "q"].iter().all(|private| !entry.contains_key(*private));
    for_signatures && verifies && public
}

type Material = (&'static [Algorithm], Digest, DecodingKey);

fn read_material(entry: &Map<String, Value>) -> Option<Material> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok();
    match (text("kty")?, text("crv")) {
        ("RSA", _) => rsa(bytes("n")?, bytes("e")?),
        ("EC", Some("P-256")) => curve(&[Algorithm::Es256], 32, &bytes("x")?, &bytes("y")?),
        ("EC", Some("P-384")) => curve(&[Algorithm::Es384], 48, &bytes("x")?, &bytes("y")?),
        ("OKP", Some("Ed25519")) => edwards(&bytes("x")?),
        _ => None,
    }
}

fn rsa(modulus: Vec<u8>, exponent: Vec<u8>) -> Option<Material> {
    // RFC 7518 section 6.3.1.1 forbids leading zeros; some providers write one all the same.
    let [n, e] =
        [&modulus, &exponent].map(|number| &number[number.iter().take_while(|b| **b == 0).count()..]);
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let sound_exponent = e.len() <= 4 && e.last()? % 2 == 1 && e != [1];
    if !(2048..=8192).contains(&bits) || !sound_exponent {
        return None;
    }
    let material = Digest::of_parts(&[b"RSA ", &(n.len() as u32).to_be_bytes(), n, e]);
    Some((RSA, material, DecodingKey::from_rsa_raw_components(n, e)))
}

fn curve(family: &'static [Algorithm], width: usize, x: &[u8], y: &[u8]) -> Option<Material> {
    if x.len() != width || y.len() != width {
        return None;
    }
    // The point is checked by the library at every verification; one off the curve verifies nothing.
    let [x64, y64] = [x, y].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
    Some((family, Digest::of_parts(&[b"EC ", x, y]), DecodingKey::from_ec_components(&x64, &y64).ok()?))
}

fn edwards(x: &[u8]) -> Option<Material> {
    if x.len() != 32 {
        return None;
    }
    let key = DecodingKey::from_ed_components(&BASE64_URL_SAFE_NO_PAD.encode(x)).ok()?;
    Some((&[Algorithm::EdDsa], Digest::of_parts(&[b"OKP ", x]), key))
}
