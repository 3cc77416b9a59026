//! The header fields in which a proxy that ends TLS says which certificate its client presented (RFC 9440).

use super::{BadCertificate, MOST_BYTES, MOST_CERTIFICATES};
use base64::{Engine, prelude::BASE64_STANDARD};

/// The chain that the two fields say: `Client-Cert`, one byte sequence (RFC 8941), and `Client-Cert-Chain`, a list of
/// them, which may stand in several fields.
///
/// # Errors
/// [`BadCertificate`] where it cannot be read in one way.
pub fn read_fields<'f>(
    leaf: &'f [u8],
    chain: impl IntoIterator<Item = &'f [u8]>,
) -> Result<Vec<Vec<u8>>, BadCertificate> {
    let mut all = vec![sequence(leaf)?];
    for field in chain {
        for item in field.split(|byte| *byte == b',') {
            if all.len() == MOST_CERTIFICATES {
                return Err(BadCertificate("the chain is too long"));
            }
            all.push(sequence(item)?);
        }
    }
    Ok(all)
}

/// The values of `Client-Cert` and `Client-Cert-Chain` that say this chain; the second where there is more than one
/// certificate.
pub fn write_fields<'c>(chain: impl IntoIterator<Item = &'c [u8]>) -> (String, Option<String>) {
    let mut all = chain.into_iter().map(|der| format!(":{}:", BASE64_STANDARD.encode(der)));
    let leaf = all.next().unwrap_or_default();
    let between = all.collect::<Vec<_>>().join(", ");
    (leaf, Some(between).filter(|between| !between.is_empty()))
}

fn sequence(text: &[u8]) -> Result<Vec<u8>, BadCertificate> {
    let bad = BadCertificate("it is no byte sequence, which is base64 between two colons");
    let text = text.trim_ascii();
    if text.len() > 2 * MOST_BYTES {
        return Err(BadCertificate("the chain is too long"));
    }
    let inner = text.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":")).ok_or(bad)?;
    let bytes = BASE64_STANDARD.decode(inner).map_err(|_| bad)?;
    if bytes.is_empty() { Err(bad) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_says_a_chain_in_two_fields() {
        let read = |leaf: &str, chain: &[&str]| {
            let chain: Vec<_> = chain.iter().map(|field| field.as_bytes()).collect();
            read_fields(leaf.as_bytes(), chain)
        };
        assert_eq!(read(":AQ==:", &[]), Ok(vec![vec![1]]));
        assert_eq!(
            read(" :AQ==: ", &[":Ag==:, :Aw==:", ":BA==:"]),
            Ok(vec![vec![1], vec![2], vec![3], vec![4]])
        );
        for bad in ["", "AQ==", ":AQ==", "::", ":A:", ":AQ==:, :Ag==:", "\":AQ==:\"", ":AQ==:;a=b"] {
            assert!(read(bad, &[]).is_err(), "{bad}");
        }
        let (leaf, between) = write_fields([&[1_u8][..], &[2], &[3]]);
        assert_eq!(read(&leaf, &[&between.expect("two")]), Ok(vec![vec![1], vec![2], vec![3]]), "and back");
        assert_eq!(write_fields([&[1_u8][..]]), (":AQ==:".to_owned(), None));
        assert!(read(":AQ==:", &[":Ag==:,"]).is_err());
        assert!(read(":AQ==:", &[&[":Ag==:"; 8].join(",")]).is_err());
    }
}
