//! The certificate, read again when its files change. A pair that cannot be used leaves the one before
//! in place and is said in the log.

use crate::{config::Tls, observe::metrics::Metrics};
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{path::Path, sync::Arc, time::Duration, time::SystemTime};

use super::{
    Stop,
    sni::{ByName, TenantCertificates},
};

/// The certificate in use.
#[derive(Clone)]
pub struct Certificates {
    files: Arc<Tls>,
    config: Arc<ArcSwap<ServerConfig>>,
    /// Tenants' own, by name.
    tenants: Arc<ArcSwap<TenantCertificates>>,
    /// When the files had changed last as they were read for the first time.
    first: Changed,
}

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
        let config = Arc::new(ArcSwap::from_pointee(load(files, &tenants)?));
        Ok(Certificates { files: Arc::new(files.clone()), config, tenants, first })
    }

    /// Shows tenants' own certificates beside the installation's.
    pub fn show(&self, tenants: Arc<TenantCertificates>) {
        self.tenants.store(tenants);
    }

    /// What the next handshake uses.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Looks at the files until it is time to stop.
    pub async fn watch(self, stop: Stop, metrics: Metrics) {
        let seen = std::sync::Mutex::new(self.first);
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
                Ok(config) => {
                    self.config.store(Arc::new(config));
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

fn load(files: &Tls, tenants: &Arc<ArcSwap<TenantCertificates>>) -> Result<ServerConfig, String> {
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
    let own = Arc::new(own);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByName { own, tenants: tenants.clone() }));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
