//! A chain and its key, in PEM: whether they can be shown for a name, and until when.

use domain::{Digest, Hostname, Moment};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{
    CertificateError, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    sign::CertifiedKey,
};
use std::{sync::Arc, time::Duration};

/// The longest chain, in bytes and in certificates.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 8;
/// No certificate is good for longer, in seconds.
const FURTHEST: u64 = 4_000 * 24 * 3_600;

/// Reads a chain and its key.
///
/// # Errors
/// Words for their owner.
pub fn read_pair(chain: &str, key: &str) -> Result<Arc<CertifiedKey>, String> {
    if chain.len() > LONGEST || key.len() > LONGEST {
        return Err("the chain or the key is too large".into());
    }
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| "the chain is not PEM")?;
    if chain.is_empty() || chain.len() > DEEPEST {
        return Err(format!("the chain has {} certificates; give 1 to {DEEPEST}", chain.len()));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| "the key is not PEM")?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let pair = CertifiedKey::from_der(chain, key, &provider);
    pair.map(Arc::new).map_err(|_| "the key does not belong to the first certificate of the chain".into())
}

/// Until when a chain and its key are good for this name, asked as a browser would at this moment. What stands at the
/// end of the chain is taken for trusted: whether the world trusts it is not ours to know.
///
/// # Errors
/// Words for their owner.
pub fn judge(host: &Hostname, chain: &str, key: &str, now: Moment) -> Result<Moment, String> {
    let pair = read_pair(chain, key)?;
    let name = ServerName::try_from(host.as_str()).map_err(|_| "the name cannot stand in a certificate")?;
    let ask = question(&pair.cert, &name)?;
    let now = now.seconds().unsigned_abs();
    ask(now).map_err(|error| said(&error).to_owned())?;
    Ok(last_good(now, |at| ask(at).is_ok()))
}

/// Until when a chain is good, whatever the name; none if it is not good now.
pub(super) fn ends(chain: &[CertificateDer<'_>], now: Moment) -> Option<Moment> {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    let nobody = ServerName::try_from("nobody.invalid").ok()?;
    let ask = question(chain, &nobody).ok()?;
    let is_good = |at: u64| {
        let Err(rustls::Error::InvalidCertificate(why)) = ask(at) else { return false };
        matches!(why, NotValidForName | NotValidForNameContext { .. })
    };
    let now = now.seconds().unsigned_abs();
    is_good(now).then(|| last_good(now, is_good))
}

/// What a browser would say that comes by this name at a time.
fn question<'c>(
    chain: &'c [CertificateDer<'_>],
    name: &'c ServerName<'_>,
) -> Result<impl Fn(u64) -> Result<(), rustls::Error> + 'c, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain.last().map(|top| top.clone().into_owned()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|_| "the end of the chain cannot be used")?;
    let (own, rest) = chain.split_first().ok_or("the chain is empty")?;
    Ok(move |at| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        verifier.verify_server_cert(own, rest, name, &[], at).map(drop)
    })
}

/// Good now, over some day: halved until the second is found.
fn last_good(now: u64, is_good: impl Fn(u64) -> bool) -> Moment {
    let (mut good, mut over) = (now, now + FURTHEST);
    while good + 1 < over {
        let middle = good + (over - good) / 2;
        if is_good(middle) { good = middle } else { over = middle }
    }
    Moment::from_seconds(i64::try_from(good).unwrap_or(i64::MAX))
}

fn said(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(why) = error else { return "the chain cannot be used" };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "a certificate of the chain has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "a certificate of the chain is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is not for this name"
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the chain is not whole or not in order: the domain's own certificate first, then each one's issuer"
        }
        _ => "the chain cannot be used",
    }
}

/// What a certificate authority is shown in a handshake: a certificate for the name that signed itself and holds the
/// hash of the answer (RFC 8737).
///
/// # Errors
/// Words for the log.
pub fn proof(host: &Hostname, answer: &str) -> Result<Arc<CertifiedKey>, String> {
    let says = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate().map_err(says)?;
    let mut wanted = CertificateParams::new([host.as_str().to_owned()]).map_err(says)?;
    let hash = Digest::of(answer.as_bytes());
    wanted.custom_extensions = vec![CustomExtension::new_acme_identifier(hash.bytes())];
    let made = wanted.self_signed(&key).map_err(says)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    // Not compared with its key: to do that, a certificate is read as one that could be believed, and this one never is.
    let key = provider.key_provider.load_private_key(key).map_err(|error| error.to_string())?;
    Ok(Arc::new(CertifiedKey::new(vec![made.der().clone()], key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    const NOW: Moment = Moment::from_seconds(1_767_603_600);

    /// A chain of two for a name, in order, and its key.
    fn pair(name: &str) -> (String, String, String) {
        let above = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let top = params.self_signed(&above).unwrap();
        let key = KeyPair::generate().unwrap();
        let params_of_own = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let own = params_of_own.signed_by(&key, &Issuer::new(params, &above)).unwrap();
        (own.pem(), top.pem(), key.serialize_pem())
    }

    #[test]
    fn a_pair_is_good_for_its_name_its_time_its_order_and_its_key_alone() {
        let (own, top, key) = pair("app.acme.test");
        let (_, _, strange) = pair("app.acme.test");
        let host = |text: &str| text.parse::<Hostname>().unwrap();
        let judged = |name: &str, chain: String, key: &str| judge(&host(name), &chain, key, NOW);
        let end = judged("app.acme.test", format!("{own}{top}"), &key).unwrap();
        let read = read_pair(&format!("{own}{top}"), &key).unwrap();
        assert!(end > NOW && ends(&read.cert, NOW) == Some(end));
        assert_eq!(ends(&read.cert, Moment::from_seconds(70_000_000_000)), None);
        for (name, chain, key, why) in [
            ("www.acme.test", format!("{own}{top}"), &key, "not for this name"),
            ("app.acme.test", format!("{top}{own}"), &key, "does not belong"),
            ("app.acme.test", own.clone(), &key, "not whole"),
            ("app.acme.test", format!("{own}{top}"), &strange, "does not belong"),
            ("app.acme.test", String::new(), &key, "0 certificates"),
            ("app.acme.test", "x".repeat(LONGEST + 1), &key, "too large"),
        ] {
            let said = judged(name, chain, key).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        let late = Moment::from_seconds(70_000_000_000);
        assert!(
            judge(&host("app.acme.test"), &format!("{own}{top}"), &key, late)
                .unwrap_err()
                .contains("expired")
        );
    }
}
