//! Connections that are passed on by name, through the binary (ledger A18).

use crate::town::{Node, connector, free_port, named, shown};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

const ROUTES: &str = r#"[{"name": "passed", "host": "*.partywall.localhost", "pass_through": {"port": PORT}},
                         {"name": "own", "host": "*"}]"#;

#[tokio::test]
async fn a_connection_that_is_passed_on_reaches_the_backend_through_the_binary() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).expect("it can be made");
    let (own, theirs) = (made("*.partywall.localhost"), made("contoso.partywall.localhost"));
    std::fs::write(path("own.pem"), own.cert.pem()).expect("the folder can be written");
    std::fs::write(path("own.key"), own.signing_key.serialize_pem()).expect("it can");
    let port = free_port();
    std::fs::write(path("routes.json"), ROUTES.replace("PORT", &port.to_string())).expect("it can");
    let key = PrivateKeyDer::try_from(theirs.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![theirs.cert.der().clone()], key)
        .expect("a pair");
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(stream).await else { continue };
            let mut asked = [0; 4];
            if tls.read_exact(&mut asked).await.is_ok() {
                let _ = tls.write_all(&asked).await;
            }
        }
    });
    let settings = [format!("tls.certificate={}", path("own.pem")), format!("tls.key={}", path("own.key"))];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut node = Node::start(folder.path(), "", &settings).await;
    // The application itself listens elsewhere, and answers there to requests.
    let deployment = node.run(&["deployment", "create", "Main", "--upstream", "http://127.0.0.1:9"]);
    let deployment = deployment["id"].as_str().expect("an id");
    node.run(&["tenant", "create", "contoso", "--name", "Contoso", "--deployment", deployment]);
    let name = "contoso.partywall.localhost";
    assert!(shown(node.port, name).await == own.cert.der().to_vec(), "no route passes anything on");
    node.run(&["route", "put", &path("routes.json")]);
    let mut tries = 0;
    while shown(node.port, name).await != theirs.cert.der().to_vec() {
        tries += 1;
        assert!(tries < 200, "it is not passed on:\n{}", node.output());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let stream = TcpStream::connect(("127.0.0.1", node.port)).await.expect("the node listens");
    let mut tls = connector(theirs.cert.der()).connect(named(name), stream).await.expect("the backend's own");
    tls.write_all(b"ping").await.expect("it is taken");
    let mut told = [0; 4];
    tls.read_exact(&mut told).await.expect("it comes back");
    assert_eq!(&told, b"ping");
    // The platform's own hosts are read as ever, and a tenant that is not there is shown nothing.
    for name in ["id.partywall.localhost", "127.0.0.1"] {
        assert!(shown(node.port, name).await == own.cert.der().to_vec(), "{name}");
    }
    assert!(shown(node.port, "nobody.partywall.localhost").await.is_empty());
    node.stop().await;
}
