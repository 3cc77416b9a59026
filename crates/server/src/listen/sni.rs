//! Certificates by name: tenants' own for their own domains, the installation's for everything else.

use domain::{Hostname, Moment, TenantId};
use parking_lot::RwLock;
use rustls::{
    CertificateError, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How many a node holds: some 1.3 KiB each.
const MOST: usize = 100_000;
/// The longest chain, in bytes and in certificates.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 8;
/// No certificate is good for longer, in seconds.
const FURTHEST: u64 = 4_000 * 24 * 3_600;

/// Tenants' certificates, by name.
#[derive(Debug, Default)]
pub struct TenantCertificates(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    by_name: HashMap<Box<str>, Arc<CertifiedKey>>,
    names: HashMap<TenantId, Vec<Box<str>>>,
}

impl TenantCertificates {
    /// Puts these in place of all that the tenant had.
    pub fn put(&self, tenant: TenantId, pairs: Vec<(Hostname, Arc<CertifiedKey>)>) {
        let mut held = self.0.write();
        for name in held.names.remove(&tenant).unwrap_or_default() {
            held.by_name.remove(&name);
        }
        for (host, pair) in pairs {
            if held.by_name.len() >= MOST {
                tracing::error!(%tenant, "no room for more certificates: that for {host} is not shown");
                continue;
            }
            let name: Box<str> = host.as_str().into();
            held.by_name.insert(name.clone(), pair);
            held.names.entry(tenant).or_default().push(name);
        }
    }

    /// Whether the tenant has any.
    pub fn has(&self, tenant: TenantId) -> bool {
        self.0.read().names.contains_key(&tenant)
    }

    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.0.read().by_name.get(name).cloned()
    }
}

/// Chooses by the name that a client asks for.
#[derive(Debug)]
pub(super) struct ByName {
    pub(super) own: Arc<CertifiedKey>,
    pub(super) tenants: Arc<arc_swap::ArcSwap<TenantCertificates>>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let theirs = name.and_then(|name| self.tenants.load().find(&name));
        // A client that asked for a name that nobody has sees that it came to the wrong house.
        Some(theirs.unwrap_or_else(|| self.own.clone()))
    }
}

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
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(pair.cert.last().cloned());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|_| "the end of the chain cannot be used")?;
    let name = ServerName::try_from(host.as_str()).map_err(|_| "the name cannot stand in a certificate")?;
    let (own, rest) = pair.cert.split_first().ok_or("the chain is empty")?;
    let now = now.seconds().unsigned_abs();
    let ask = |at: u64| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        verifier.verify_server_cert(own, rest, &name, &[], at)
    };
    ask(now).map_err(|error| said(&error).to_owned())?;
    // Good now, over some day: halved until the second is found.
    let (mut good, mut over) = (now, now + FURTHEST);
    while good + 1 < over {
        let middle = good + (over - good) / 2;
        if ask(middle).is_ok() { good = middle } else { over = middle }
    }
    Ok(Moment::from_seconds(i64::try_from(good).unwrap_or(i64::MAX)))
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
        assert!(judged("app.acme.test", format!("{own}{top}"), &key).unwrap() > NOW);
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

    #[test]
    fn a_tenant_s_certificates_replace_those_before() {
        let (own, top, key) = pair("app.acme.test");
        let read = read_pair(&format!("{own}{top}"), &key).unwrap();
        let held = TenantCertificates::default();
        let tenant = TenantId::from_bits(1);
        held.put(tenant, vec![("app.acme.test".parse().unwrap(), read)]);
        assert!(held.find("app.acme.test").is_some() && held.has(tenant) && held.find("acme.test").is_none());
        held.put(tenant, vec![]);
        assert!(held.find("app.acme.test").is_none() && !held.has(tenant));
    }
}
