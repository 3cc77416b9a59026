//! The certificate, read again when its files change. A pair that cannot be used leaves the one before
//! in place and is said in the log.

use crate::{config::Tls, observe::metrics::Metrics};
use arc_swap::ArcSwap;
use domain::{Clock, Moment};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::Acceptor,
    sign::CertifiedKey,
};
use std::{io, path::Path, sync::Arc, time::Duration, time::SystemTime};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    Stop,
    client_certificate::WhoHasTheKey,
    sni::{ByName, QUESTION, TenantCertificates},
};

/// The certificate in use.
#[derive(Clone)]
pub struct Certificates {
    files: Arc<Tls>,
    loaded: Arc<ArcSwap<Loaded>>,
    /// Tenants' own, by name.
    tenants: Arc<ArcSwap<TenantCertificates>>,
    /// When the files had changed last as they were read for the first time.
    first: Changed,
}

/// What handshakes are answered with.
struct Loaded {
    /// For clients that are not asked for a certificate.
    plain: Arc<ServerConfig>,
    /// For those that are. What is kept for resuming a session of the one kind is nothing to the other.
    asking: Arc<ServerConfig>,
    by_name: Arc<ByName>,
}

/// How a handshake ended.
pub(super) enum Handshake {
    /// Well.
    Done(Box<TlsStream<TcpStream>>),
    /// A certificate authority has seen what it asked for, and wants nothing more.
    Answered,
}

/// The fatal alert `unrecognized_name` (RFC 6066, section 3), as a record of its own.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// When each of the two files changed last; none for one that is not there.
type Changed = [Option<SystemTime>; 2];

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

impl Certificates {
    /// Reads the pair for the first time.
    ///
    /// # Errors
    /// Words for the operator, naming the setting.
    pub fn read(files: &Tls) -> Result<Self, String> {
        // Looked at before they are read, so that a change in between is seen as one.
        let first = changed_at(files);
        let tenants: Arc<ArcSwap<TenantCertificates>> = Arc::default();
        let loaded = Arc::new(ArcSwap::from_pointee(load(files, &tenants)?));
        Ok(Certificates { files: Arc::new(files.clone()), loaded, tenants, first })
    }

    /// Shows tenants' own certificates beside the installation's.
    pub fn show(&self, tenants: Arc<TenantCertificates>) {
        self.tenants.store(tenants);
    }

    /// Shakes hands. Whoever asks for a name that nobody here has is told so, and shown nothing. `asks`
    /// says whether a client of this host is asked for a certificate.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        asks: impl Fn(Option<&str>) -> bool,
    ) -> io::Result<Handshake> {
        let mut begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let loaded = self.loaded.load_full();
        if loaded.by_name.choose(&begun.client_hello()).is_none() {
            begun.io.write_all(&UNRECOGNIZED_NAME).await?;
            begun.io.shutdown().await?;
            return Err(io::ErrorKind::NotFound.into());
        }
        let host = begun.client_hello().server_name().map(str::to_ascii_lowercase);
        let config = if asks(host.as_deref()) { &loaded.asking } else { &loaded.plain };
        let stream = begun.into_stream(config.clone()).await?;
        if stream.get_ref().1.alpn_protocol() == Some(QUESTION) {
            return Ok(Handshake::Answered);
        }
        Ok(Handshake::Done(Box::new(stream)))
    }

    /// Looks at the files until it is time to stop.
    pub async fn watch(self, stop: Stop, metrics: Metrics, clock: Clock) {
        let seen = std::sync::Mutex::new(self.first);
        let note_end = |loaded: &Loaded| {
            let end = loaded.by_name.own_ends(clock.now()).unwrap_or(Moment::NEVER);
            metrics.own_certificate_ends(end);
        };
        note_end(&self.loaded.load());
        stop.every(LOOK, || async {
            let now = changed_at(&self.files);
            let mut seen = seen.lock().expect("nothing panics while it holds this");
            if now == *seen {
                return;
            }
            *seen = now;
            let loaded = load(&self.files, &self.tenants);
            metrics.certificate(loaded.is_ok());
            match loaded {
                Ok(loaded) => {
                    note_end(&loaded);
                    self.loaded.store(Arc::new(loaded));
                    tracing::info!("the certificate was read again");
                }
                Err(why) => {
                    tracing::error!("the new certificate cannot be used, the one before stays: {why}")
                }
            }
        })
        .await;
    }
}

fn changed_at(files: &Tls) -> Changed {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|facts| facts.modified()).ok();
    [changed(&files.certificate), changed(&files.key)]
}

fn load(files: &Tls, tenants: &Arc<ArcSwap<TenantCertificates>>) -> Result<Loaded, String> {
    let wrong =
        |key: &str, path: &Path, why: &dyn std::fmt::Display| format!("{key} ({}): {why}", path.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|why| wrong("tls.certificate", &files.certificate, &why))?;
    if chain.is_empty() {
        return Err(wrong("tls.certificate", &files.certificate, &"the file holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|why| wrong("tls.key", &files.key, &why))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let own = CertifiedKey::from_der(chain, key, &provider)
        .map_err(|why| wrong("tls.certificate", &files.certificate, &why))?;
    let by_name = Arc::new(ByName::new(Arc::new(own), files, tenants.clone()));
    let config = |asking: bool| {
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?;
        let algorithms = provider.signature_verification_algorithms;
        let builder = match asking {
            true => builder.with_client_cert_verifier(Arc::new(WhoHasTheKey { algorithms })),
            false => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(by_name.clone());
        // The last is for certificate authorities, who offer nothing else.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), QUESTION.to_vec()];
        Ok::<_, String>(Arc::new(config))
    };
    Ok(Loaded { plain: config(false)?, asking: config(true)?, by_name })
}
