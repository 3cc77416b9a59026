//! The node ends TLS itself: which protocol, which certificate, and what happens when the files change.

use crate::town::Node;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, Version, body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertifiedKey;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use std::{io, path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A certificate and its key, in PEM, and as clients see it.
struct Pair {
    chain: String,
    key: String,
    seen: CertificateDer<'static>,
}

impl Pair {
    /// For every host of the platform and of its tenants, and for the address itself.
    fn new() -> Self {
        let names = ["*.partywall.localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        Pair { chain: cert.pem(), key: signing_key.serialize_pem(), seen: cert.der().clone() }
    }

    fn write(&self, folder: &Path) {
        put(folder, "tls.pem", &self.chain);
        put(folder, "tls.key", &self.key);
    }
}

/// Puts a file in place of the one before, at once.
fn put(folder: &Path, name: &str, text: &str) {
    let fresh = folder.join(format!("{name}.new"));
    std::fs::write(&fresh, text).expect("the folder can be written");
    std::fs::rename(&fresh, folder.join(name)).expect("the folder can be written");
}

/// A node that ends TLS with a certificate of its own.
struct House {
    node: Node,
    folder: TempDir,
    pair: Pair,
}

impl House {
    async fn build() -> Self {
        Self::build_with(&[]).await
    }

    async fn build_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let pair = Pair::new();
        pair.write(folder.path());
        let file = |key: &str, name: &str| format!("tls.{key}={}", folder.path().join(name).display());
        let settings = [file("certificate", "tls.pem"), file("key", "tls.key")];
        let settings: Vec<&str> = settings.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let node = Node::start(folder.path(), "", &settings).await;
        House { node, folder, pair }
    }

    /// Connects by this name, believing these certificates, and offers these protocols.
    async fn connect(
        &self,
        name: &str,
        believed: &[&CertificateDer<'static>],
        offers: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        for certificate in believed {
            roots.add((*certificate).clone()).expect("a sound certificate");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config =
            config.expect("a sound provider").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = offers.iter().map(|offer| offer.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).expect("a sound name");
        let stream = TcpStream::connect(("127.0.0.1", self.node.port)).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// Asks sign-in for its front page, over whatever was agreed on.
    async fn ask(&self, stream: TlsStream<TcpStream>) -> Response<Incoming> {
        let http_2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        if http_2 {
            let (mut sender, connection) =
                conn::http2::handshake(TokioExecutor::new(), io).await.expect("it was agreed on");
            tokio::spawn(connection);
            return sender.send_request(self.front_page("https://")).await.expect("an answer");
        }
        let (mut sender, connection) = conn::http1::handshake(io).await.expect("it was agreed on");
        tokio::spawn(connection);
        sender.send_request(self.front_page("")).await.expect("an answer")
    }

    /// HTTP/2 says the host in the address, HTTP/1.1 in a header.
    fn front_page(&self, scheme: &str) -> Request<Empty<Bytes>> {
        let host = format!("id.partywall.localhost:{}", self.node.port);
        let request = match scheme {
            "" => Request::get("/").header("host", host),
            scheme => Request::get(format!("{scheme}{host}/")),
        };
        request.header("accept", "text/html").body(Empty::new()).expect("a plain request")
    }

    /// The certificate that a fresh connection is shown.
    async fn shown(&self, believed: &[&CertificateDer<'static>]) -> CertificateDer<'static> {
        let stream = self.connect("id.partywall.localhost", believed, &[]).await.expect("a believed one");
        stream.get_ref().1.peer_certificates().expect("servers show one")[0].clone()
    }

    async fn until(&self, mut done: impl AsyncFnMut() -> bool) {
        for _ in 0..400 {
            if done().await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("it did not come about within ten seconds; the node said:\n{}", self.node.output());
    }

    async fn measures(&self, line: &str) -> bool {
        self.node.private("/metrics").await.1.lines().any(|found| found == line)
    }
}

#[tokio::test]
async fn the_protocol_is_what_the_client_offers() {
    let house = House::build().await;
    for (offers, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1", "h2"], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&["h2"], Version::HTTP_2),
        (&[], Version::HTTP_11),
    ] {
        let stream = house.connect("id.partywall.localhost", &[&house.pair.seen], offers).await;
        let answer = house.ask(stream.expect("a handshake")).await;
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, version), "{offers:?}");
        assert!(answer.headers().contains_key("strict-transport-security"), "{offers:?}");
        let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        assert!(!body.is_empty(), "{offers:?}");
    }
    let refused = house.connect("id.partywall.localhost", &[&house.pair.seen], &["spdy/3"]).await;
    let refused = refused.expect_err("there is no protocol in common").to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
}

#[tokio::test]
async fn the_name_in_the_handshake_decides_nothing_and_the_host_does() {
    let house = House::build().await;
    // Another tenant's name, and none at all, which is how an address is asked for.
    for name in ["contoso.partywall.localhost", "127.0.0.1"] {
        let stream = house.connect(name, &[&house.pair.seen], &["http/1.1"]).await.expect("one certificate");
        assert_eq!(house.ask(stream).await.status(), StatusCode::OK, "{name}");
    }
    // A name that nobody here has is refused, shown nothing, and counted.
    let refused = house.connect("elsewhere.test", &[&house.pair.seen], &[]).await;
    assert!(refused.expect_err("nobody has it").to_string().contains("UnrecognisedName"));
    house.until(async || house.measures("partywall_handshakes_failed_total 1").await).await;
    // What is no TLS gets no HTTP.
    let mut plain = TcpStream::connect(("127.0.0.1", house.node.port)).await.expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: id.partywall.localhost\r\n\r\n").await.expect("it is taken");
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said).await;
    assert!(!said.windows(5).any(|part| part == b"HTTP/"), "{said:?}");
    house.until(async || house.measures("partywall_handshakes_failed_total 2").await).await;
    let stream =
        house.connect("id.partywall.localhost", &[&house.pair.seen], &[]).await.expect("still there");
    assert_eq!(house.ask(stream).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_strangers_are_shown_can_be_set() {
    let shy = House::build_with(&["tls.without_name=refuse"]).await;
    let refused = shy.connect("127.0.0.1", &[&shy.pair.seen], &[]).await.expect_err("no name was asked for");
    assert!(refused.to_string().contains("UnrecognisedName"), "{refused}");
    assert!(shy.connect("id.partywall.localhost", &[&shy.pair.seen], &[]).await.is_ok());
    let open = House::build_with(&["tls.unknown_names=installation"]).await;
    let refused = open.connect("elsewhere.test", &[&open.pair.seen], &[]).await.expect_err("for other names");
    assert!(refused.to_string().contains("not valid for name"), "{refused}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_never_is() {
    let house = House::build().await;
    let (first, second) = (&house.pair, Pair::new());
    let stream = house.connect("id.partywall.localhost", &[&first.seen], &["http/1.1"]).await;
    let (mut old, connection) =
        conn::http1::handshake(TokioIo::new(stream.expect("a handshake"))).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    let mut ask_old = async || {
        old.ready().await.expect("the connection lives");
        let answer = old.send_request(house.front_page("")).await.expect("an answer");
        let status = answer.status();
        answer.into_body().collect().await.expect("a whole answer");
        status
    };
    assert_eq!(ask_old().await, StatusCode::OK);
    second.write(house.folder.path());
    let either = [&first.seen, &second.seen];
    house.until(async || house.shown(&either).await == second.seen).await;
    assert_eq!(ask_old().await, StatusCode::OK, "the connection made before lives on");
    assert!(house.measures("partywall_tls_certificate_stale 0").await);
    // Nonsense, and a key that belongs to another certificate.
    for (name, text) in [("tls.pem", "-----BEGIN CERTIFICATE-----\n!\n"), ("tls.pem", first.chain.as_str())] {
        let said = house.node.output().matches("the one before stays").count();
        put(house.folder.path(), name, text);
        house.until(async || house.node.output().matches("the one before stays").count() > said).await;
        assert!(house.measures("partywall_tls_certificate_stale 1").await);
        assert_eq!(house.shown(&either).await, second.seen);
        let (good, findings, _) = house.node.try_run(&["doctor"]);
        assert!(!good && findings.contains(r#""about": "tls.certificate""#), "{findings}");
    }
    first.write(house.folder.path());
    house.until(async || house.shown(&either).await == first.seen).await;
    house.until(async || house.measures("partywall_tls_certificate_stale 0").await).await;
    assert_eq!(ask_old().await, StatusCode::OK);
}
