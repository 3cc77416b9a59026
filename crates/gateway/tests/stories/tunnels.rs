//! Connections that are passed on by the name they ask for (ledger A18).

use crate::{
    backend::Backend,
    house::{ACME, House, deployment},
};
use domain::Standing;
use gateway::{Arrival, asked_name};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    },
};

const ROUTES: &str = r#"[
    {"name": "passed", "host": "*.base.test", "idle_seconds": 1, "pass_through": {"proxy_protocol": true}},
    {"name": "own", "host": "*"}
]"#;

/// A backend that ends TLS itself: it says who it was told the client is, and then everything back.
async fn backend() -> (Backend, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["acme.base.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let backend = Backend::raw(move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut head = [0; 28];
            stream.read_exact(&mut head).await.unwrap();
            let port = u16::from_be_bytes([head[24], head[25]]);
            let Ok(mut tls) = acceptor.accept(stream).await else { return };
            tls.write_all(&port.to_be_bytes()).await.unwrap();
            let mut buffer = [0; 1_024];
            while let Ok(length @ 1..) = tls.read(&mut buffer).await {
                let _ = tls.write_all(&buffer[..length]).await;
            }
        }
    })
    .await;
    (backend, made.cert.der().clone())
}

/// The gateway behind a listener that hands it connections.
async fn serve(house: &House) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, gateway) = (listener.local_addr().unwrap(), house.gateway.clone());
    tokio::spawn(async move {
        loop {
            let (stream, client) = listener.accept().await.unwrap();
            let gateway = gateway.clone();
            tokio::spawn(async move {
                let Ok(Some(name)) = asked_name(&stream).await else { return };
                if gateway.passes(&name) {
                    gateway.pass_on(Arrival { stream, name, client }).await;
                }
            });
        }
    });
    address
}

/// Connects by this name; gives the client's own port too.
async fn connect(
    address: SocketAddr,
    name: &str,
    root: &CertificateDer<'static>,
) -> Result<(TlsStream<TcpStream>, u16), String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let port = stream.local_addr().unwrap().port();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    stream.map(|stream| (stream, port)).map_err(|error| error.to_string())
}

async fn exchange(stream: &mut TlsStream<TcpStream>, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut told = vec![0; text.len()];
    stream.read_exact(&mut told).await.unwrap();
    String::from_utf8(told).unwrap()
}

#[tokio::test]
async fn a_connection_is_passed_on_by_its_name_to_its_tenant_s_backend_and_nothing_of_it_is_read() {
    let house = House::routed(ROUTES).await;
    let (backend, root) = backend().await;
    house.gateway.set_deployments(vec![deployment(&[&format!("https://{}", backend.address)])]);
    let address = serve(&house).await;
    let (mut stream, port) =
        connect(address, "acme.base.test", &root).await.expect("the backend's own handshake");
    assert_eq!(stream.read_u16().await.unwrap(), port, "the backend knows whom it serves");
    assert_eq!(exchange(&mut stream, "whatever this is").await, "whatever this is");
    assert_eq!(house.gateway.in_flight(), 1);
    drop(stream);
    timeout(Duration::from_secs(5), async {
        while house.gateway.in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it ends with the client");
    let used = house.gateway.meters().drain();
    let used = used.iter().find(|reading| reading.tenant == ACME).expect("it is counted").used;
    assert!(used.requests == 1 && used.bytes_in > 200 && used.bytes_out > 500, "{used:?}");
    // One that says nothing for too long ends.
    let (mut stream, _) = connect(address, "acme.base.test", &root).await.expect("a handshake");
    stream.read_u16().await.unwrap();
    let ended = timeout(Duration::from_secs(5), stream.read(&mut [0; 8])).await.expect("it ends by itself");
    assert!(!matches!(ended, Ok(1..)), "{ended:?}");
}

#[tokio::test]
async fn whom_nobody_knows_and_who_is_closed_get_one_and_the_same_no() {
    let house = House::routed(ROUTES).await;
    let (backend, root) = backend().await;
    house.gateway.set_deployments(vec![deployment(&[&format!("https://{}", backend.address)])]);
    let address = serve(&house).await;
    let unknown = connect(address, "nobody.base.test", &root).await.expect_err("there is no such tenant");
    assert!(unknown.contains("UnrecognisedName"), "{unknown}");
    for standing in [Standing::Suspended, Standing::Maintenance, Standing::ReadOnly] {
        house.change(ACME, |record| record.standing = standing).await;
        let refused = connect(address, "acme.base.test", &root).await.expect_err("it is closed");
        assert_eq!(refused, unknown, "{standing}");
    }
    house.change(ACME, |record| record.standing = Standing::Active).await;
    house.change(ACME, |record| record.networks = ["192.0.2.0/24".parse().unwrap()].into()).await;
    let refused = connect(address, "acme.base.test", &root).await.expect_err("from elsewhere");
    assert_eq!(refused, unknown);
    house.change(ACME, |record| record.networks = [].into()).await;
    house.gateway.set_deployments(vec![deployment(&["https://127.0.0.1:9"])]);
    let refused = connect(address, "acme.base.test", &root).await.expect_err("nobody is there");
    assert_eq!(refused, unknown);
    assert_eq!(backend.connections(), 0);
}

#[tokio::test]
async fn a_host_s_connections_are_passed_on_or_read_and_never_both() {
    let house = House::routed(ROUTES).await;
    assert!(house.gateway.passes_any() && house.gateway.passes("acme.base.test"));
    assert!(!house.gateway.passes("www.acme.test"), "only where a route says so");
    assert!(!house.gateway.passes("id.base.test"), "never to the platform's own hosts");
    // A request that came in by another name is no way around.
    let told = crate::wire::get("acme.base.test", "/").at(house.address).await;
    assert_eq!(told.status, 403);
    for (routes, what) in [
        (
            r#"[{"name": "a", "host": "*.base.test", "pass_through": {}}, {"name": "b", "host": "*.base.test", "path": "/b"}]"#,
            "passed on or read, not both",
        ),
        (
            r#"[{"name": "a", "host": "*.base.test", "pass_through": {}, "credentials": ["token"]}]"#,
            "only `name`, `host` and `idle_seconds`",
        ),
        (r#"[{"name": "a", "host": "*.base.test", "pass_through": {"ports": 1}}]"#, "unknown field"),
    ] {
        let faults = house.gateway.set_routes(routes).expect_err(what);
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(faults.join("; ").contains(what), "{faults:?}");
    }
    assert!(house.gateway.passes_any(), "the routes before stay");
    house.gateway.set_routes("[]").unwrap();
    assert!(!house.gateway.passes_any());
}
