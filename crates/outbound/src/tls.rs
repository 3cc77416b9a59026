//! Encryption with verification, always: there is no setting that turns it off.

use crate::{OutboundError, SetupError, TlsFault, UrlFault, target::Target};
use domain::Clock;
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    client::Resumption,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use std::{io, net::IpAddr, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Host;

/// TLS 1.2 and 1.3 with the system's roots, the extra ones, and our clock.
pub(crate) fn connector(extra_roots: Option<&Path>, clock: Clock) -> Result<TlsConnector, SetupError> {
    let roots = roots(extra_roots)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(OurTime(clock)))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would skip the certificate, which may have expired since.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(extra: Option<&Path>) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = extra {
        add_file(&mut roots, path)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            errors = ?system.errors,
            "no root certificates: every https call will fail; install ca-certificates or name a file of roots"
        );
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), SetupError> {
    let unusable = |cause: String| SetupError::ExtraRoots { path: path.to_owned(), cause };
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(unusable("it holds no certificate in PEM form".to_owned()));
    }
    Ok(())
}

/// Makes the connection secret and the other side prove that it is who the URL names.
pub(crate) async fn secure(
    connector: &TlsConnector,
    target: &Target,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, OutboundError> {
    let name = server_name(target)?;
    connector.connect(name, stream).await.map_err(|source| OutboundError::Tls {
        host: target.to_string(),
        fault: fault_of(&source),
        source,
    })
}

fn server_name(target: &Target) -> Result<ServerName<'static>, OutboundError> {
    match &target.host {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|_| OutboundError::Url(UrlFault::Host))
        }
        Host::Ipv4(address) => Ok(IpAddr::from(*address).into()),
        Host::Ipv6(address) => Ok(IpAddr::from(*address).into()),
    }
}

fn fault_of(error: &io::Error) -> TlsFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(certificate)) = inner else {
        return TlsFault::Handshake;
    };
    match certificate {
        CertificateError::UnknownIssuer => TlsFault::Issuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        _ => TlsFault::Certificate,
    }
}

/// Certificates are judged by the time that everything else is judged by.
#[derive(Debug)]
struct OurTime(Clock);

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(self.0.now().micros()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
