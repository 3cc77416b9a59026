//! Looks at what a node shows in a handshake.

use rustls::{
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;

/// The certificate that the node shows to whoever asks for this name; empty if it shows none.
pub(crate) async fn shown(port: u16, name: &str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = rustls::RootCertStore::empty();
    let looks = Arc::new(Looks(Mutex::default()));
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.dangerous().set_certificate_verifier(looks.clone());
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    // Whoever only looks ends the handshake there.
    let _ = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    looks.0.lock().expect("nobody panics here").clone()
}

/// Keeps what it is shown, and believes nothing.
#[derive(Debug)]
struct Looks(Mutex<Vec<u8>>);

impl ServerCertVerifier for Looks {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().expect("nobody panics here") = own.to_vec();
        Err(rustls::Error::General("only looking".into()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looking".into()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looking".into()))
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
