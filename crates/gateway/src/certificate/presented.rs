//! The certificate that a connection came with, or that a trusted proxy says its client came with.

use super::judge::Judged;
use crate::{forwarded::Unclear, gateway::Gateway};
use arc_swap::ArcSwapOption;
use domain::Digest;
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::x509::{BadCertificate, ClientChain, read_fields, write_fields};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
pub(crate) const CERTIFICATE: HeaderName = HeaderName::from_static("client-cert");
pub(crate) const CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// A chain whose owner has shown that the key is theirs, with what was last found out about it.
#[derive(Debug)]
pub struct ClientCertificate {
    pub(super) chain: Result<ClientChain, BadCertificate>,
    pub(super) judged: ArcSwapOption<Judged>,
}

impl ClientCertificate {
    /// A chain as it came in a handshake, the client's own certificate first.
    pub fn new(chain: Vec<Vec<u8>>) -> Arc<Self> {
        Self::of(ClientChain::read(chain))
    }

    /// Says it to another node of ours, as proxies do.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Ok(chain) = &self.chain else { return };
        let (leaf, between) = write_fields(chain.certificates());
        let fields = [Some((CERTIFICATE, leaf)), between.map(|between| (CHAIN, between))];
        for (name, said) in fields.into_iter().flatten() {
            headers.insert(name, HeaderValue::try_from(said).expect("base64 is plain ASCII"));
        }
    }

    /// SHA-256 of the client's own certificate; none where it cannot be read.
    pub fn fingerprint(&self) -> Option<Digest> {
        let chain = self.chain.as_ref().ok()?;
        chain.certificates().next().map(Digest::of)
    }

    fn of(chain: Result<ClientChain, BadCertificate>) -> Arc<Self> {
        Arc::new(ClientCertificate { chain, judged: ArcSwapOption::empty() })
    }
}

/// Certificates that proxies said lately, so that one which they say with every request is looked at once.
pub(crate) struct Said(Cache<Digest, Arc<ClientCertificate>>);

impl Said {
    pub(crate) fn new(room: usize) -> Self {
        Said(Cache::new(room))
    }
}

/// What is said in these fields, in short; none where nothing is.
pub(crate) fn digest_said(headers: &HeaderMap) -> Option<Digest> {
    let mut parts: Vec<&[u8]> = vec![b"partywall said"];
    for name in [CERTIFICATE, CHAIN] {
        parts.push(b"\n");
        headers.get_all(name).iter().for_each(|field| parts.extend([b"\n", field.as_bytes()]));
    }
    (parts.len() > 3).then(|| Digest::of_parts(&parts))
}

impl Gateway {
    /// The certificate that a proxy says its client presented. To be asked of no one but proxies that the operator has
    /// named for this: whoever writes these fields names any certificate that they have seen.
    ///
    /// # Errors
    /// [`Unclear`] where it cannot be read in one way.
    pub fn certificate_said(&self, headers: &HeaderMap) -> Result<Option<Arc<ClientCertificate>>, Unclear> {
        let Some(digest) = digest_said(headers) else { return Ok(None) };
        let mut leaves = headers.get_all(CERTIFICATE).iter();
        let chain = || headers.get_all(CHAIN).iter().map(HeaderValue::as_bytes);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return Err(Unclear) };
        let leaf = leaf.as_bytes();
        if let Some(known) = self.0.said.0.get(&digest) {
            return Ok(Some(known));
        }
        let presented =
            ClientCertificate::new(read_fields(leaf, chain()).map_err(|BadCertificate(_)| Unclear)?);
        self.0.said.0.insert(digest, presented.clone());
        Ok(Some(presented))
    }
}
