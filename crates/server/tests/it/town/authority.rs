//! A certificate authority: Debian's Pebble, which really looks at names, over the story's DNS.

use super::{Dns, free_port};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};
use tokio_rustls::TlsConnector;

/// A running authority. Dropping it ends it.
pub(crate) struct Pebble {
    child: Child,
    folder: TempDir,
    port: u16,
    management: u16,
    own: CertificateDer<'static>,
}

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Pebble {
    /// Starts one that asks at these ports for what it wants to be shown. With an id and a key it opens accounts only
    /// for those that it knows already, by these.
    pub(crate) async fn start(dns: &Dns, (plain, tls): (u16, u16), bound: Option<(&str, &str)>) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (port, management) = (free_port(), free_port());
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(path("own.pem"), made.cert.pem()).expect("the folder can be written");
        std::fs::write(path("own.key"), made.signing_key.serialize_pem()).expect("it can");
        let known = bound.map(|(id, key)| (id.to_owned(), key.into())).into_iter();
        let known = serde_json::Value::Object(known.collect());
        let config = serde_json::json!({ "pebble": {
            "externalAccountBindingRequired": bound.is_some(), "externalAccountMACKeys": known,
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": path("own.pem"), "privateKey": path("own.key"),
            "httpPort": plain, "tlsPort": tls, "ocspResponderURL": "",
        }});
        std::fs::write(path("pebble.json"), config.to_string()).expect("the folder can be written");
        let child = Command::new("pebble")
            .args(["-config", &path("pebble.json"), "-dnsserver", &dns.address.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is not installed; `./test install` does that");
        let own = made.cert.der().clone();
        let pebble = Pebble { child, folder, port, management, own };
        let begun = Instant::now();
        while pebble.root().await.is_none() {
            assert!(begun.elapsed() < PATIENCE, "pebble did not get ready");
            sleep(Duration::from_millis(50)).await;
        }
        pebble
    }

    /// What a node is told of it.
    pub(crate) fn settings(&self) -> [String; 3] {
        [
            format!("acme.directory=https://localhost:{}/dir", self.port),
            format!("acme.roots={}", self.folder.path().join("own.pem").display()),
            "acme.terms_agreed=true".to_owned(),
        ]
    }

    /// What its chains end at.
    pub(crate) async fn root(&self) -> Option<CertificateDer<'static>> {
        let stream = TcpStream::connect(("127.0.0.1", self.management)).await.ok()?;
        let stream = connector(&self.own).connect(name("localhost"), stream).await;
        let mut stream = stream.ok()?;
        stream.write_all(b"GET /roots/0 HTTP/1.0\r\nHost: localhost\r\n\r\n").await.ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8(answer).ok()?;
        CertificateDer::from_pem_slice(text.get(text.find("-----BEGIN")?..)?.as_bytes()).ok()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects believing this authority alone.
pub(crate) fn connector(root: &CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("a sound certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("the usual versions").with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A name, as a client asks for it.
pub(crate) fn name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).expect("a sound name")
}
