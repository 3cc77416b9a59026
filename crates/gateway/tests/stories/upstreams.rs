//! Backends that are away, slow, broken or in a hurry.

use crate::{
    backend::{Backend, echo, full, read_head},
    house::{ACME, DEPLOYMENT, House, deployment},
    wire::{Ask, Told, ask, get, raw, within},
};
use gateway::Settings;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::PrivateKeyDer},
};

async fn carol_asks(house: &House, ask: Ask) -> Told {
    ask.with("cookie", &house.carol_at(ACME)).at(house.address).await
}

fn impatient(settings: &mut Settings) {
    settings.connections.connect_within = Duration::from_millis(200);
}

/// An address at which nobody listens.
async fn nobody_there() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_backend_that_is_away_is_said_to_be() {
    let house = House::new().await;
    house.gateway.set_deployments(vec![deployment(&[&nobody_there().await])]);
    let told = carol_asks(&house, get("acme.base.test", "/")).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (502, "upstream.unreachable"));
    let page = carol_asks(&house, get("acme.base.test", "/").page()).await;
    assert!(page.text().contains("<h1>The application cannot be reached</h1>"));
    assert_eq!(house.gateway.meters().drain()[0].used.errors, 2);
}

#[tokio::test]
async fn a_tenant_without_a_backend_is_told_that_nothing_is_set_up() {
    let house = House::new().await;
    for deployments in [vec![deployment(&[])], vec![]] {
        house.gateway.set_deployments(deployments);
        let told = carol_asks(&house, get("acme.base.test", "/")).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (503, "upstream.none"));
    }
}

#[tokio::test]
async fn another_backend_takes_over_from_one_that_is_away() {
    let house = House::new().await;
    let away = nobody_there().await;
    house.gateway.set_deployments(vec![deployment(&[&away, &house.backend.origin()])]);
    for _ in 0..6 {
        let posted = ask("POST", "acme.base.test", "/").body("once");
        assert_eq!(carol_asks(&house, posted).await.echoed()["body"], "once");
    }
    assert_eq!(house.backend.hits(), 6);
}

#[tokio::test]
async fn backends_take_turns() {
    let (one, two) = (Backend::echo().await, Backend::echo().await);
    let house = House::new().await;
    house.gateway.set_deployments(vec![deployment(&[&one.origin(), &two.origin()])]);
    for _ in 0..4 {
        carol_asks(&house, get("acme.base.test", "/")).await.echoed();
    }
    assert_eq!((one.hits(), two.hits()), (2, 2));
}

#[tokio::test]
async fn a_backend_that_does_not_answer_in_time_is_given_up() {
    let silent = Backend::raw(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let house = House::with(silent, |_| {}).await;
    house.gateway.set_routes(r#"[{"name": "a", "host": "*.base.test", "answer_seconds": 1}]"#).unwrap();
    let told = carol_asks(&house, get("acme.base.test", "/")).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (504, "upstream.timeout"));
}

#[tokio::test]
async fn what_is_no_answer_is_said_to_be_none() {
    for said in [
        b"nonsense\r\n\r\n".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\n\r\n",
        b"",
    ] {
        let house = House::with(Backend::saying(said).await, |_| {}).await;
        let told = carol_asks(&house, get("acme.base.test", "/")).await;
        let said = String::from_utf8_lossy(said);
        assert_eq!((told.status.as_u16(), told.code().as_str()), (502, "upstream.broken"), "{said}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_passed_on_as_whole() {
    let house =
        House::with(Backend::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await, |_| {})
            .await;
    let head = format!("GET / HTTP/1.1\r\nHost: acme.base.test\r\nCookie: {}\r\n\r\n", house.carol_at(ACME));
    let said = raw(house.address, head.as_bytes()).await;
    assert!(said.contains("content-length: 10") && said.ends_with("half"), "{said}");
}

#[tokio::test]
async fn what_a_backend_says_after_its_answer_is_no_answer_to_the_next() {
    let backend = Backend::saying(
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    )
    .await;
    let house = House::with(backend, |_| {}).await;
    assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.text(), "one");
    assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.text(), "one");
}

/// A backend that looks for no body, and takes what stands in one for the next request (CL.0, TE.0). It answers that one
/// when it is asked for something else: the answer would then be taken for the answer to that.
async fn without_bodies() -> Backend {
    Backend::raw(|mut stream| async move {
        loop {
            let head = read_head(&mut stream).await;
            let Some(target) = head.split(' ').nth(1) else { break };
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}", target.len());
            if target == "/smuggled" {
                let _ = stream.readable().await;
            }
            if stream.write_all(answer.as_bytes()).await.is_err() {
                break;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_backend_that_takes_a_body_for_a_request_answers_nobody_else_with_it() {
    let house = House::with(without_bodies().await, |_| {}).await;
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: acme.base.test\r\n\r\n";
    for method in ["GET", "DELETE", "OPTIONS"] {
        let first = carol_asks(&house, ask(method, "acme.base.test", "/first").body(hidden)).await;
        assert_eq!(first.text(), "/first");
        assert_eq!(carol_asks(&house, get("acme.base.test", "/victim")).await.text(), "/victim", "{method}");
    }
}

#[tokio::test]
async fn connections_are_used_again_one_request_after_another() {
    let house = House::new().await;
    for _ in 0..5 {
        carol_asks(&house, ask("POST", "acme.base.test", "/").body("x")).await.echoed();
    }
    assert_eq!(house.backend.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_the_backend_closed_meanwhile_costs_no_request() {
    // Answers once on each connection, then closes it without having said that it would.
    let once = Backend::raw(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let house = House::with(once, |_| {}).await;
    for method in ["GET", "POST", "GET", "POST"] {
        let told = carol_asks(&house, ask(method, "acme.base.test", "/")).await;
        assert_eq!((told.status.as_u16(), told.text().as_str()), (200, "ok"), "{method}");
    }
}

#[tokio::test]
async fn a_safe_request_is_sent_again_and_an_unsafe_one_is_not_when_a_kept_connection_dies_under_it() {
    // Answers the first request of a connection and reads the second without a word.
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let dying = Backend::raw(move |mut stream| {
        let count = count.clone();
        async move {
            read_head(&mut stream).await;
            count.fetch_add(1, SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            read_head(&mut stream).await;
            count.fetch_add(1, SeqCst);
        }
    })
    .await;
    let house = House::with(dying, |settings| settings.connections.surely_open = Duration::ZERO).await;
    assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.text(), "ok");
    assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.text(), "ok");
    assert_eq!(seen.load(SeqCst), 3, "the second was seen twice");
    let posted = carol_asks(&house, ask("POST", "acme.base.test", "/")).await;
    assert_eq!(posted.code(), "upstream.broken");
    assert_eq!(seen.load(SeqCst), 4, "the unsafe one was seen once");
}

#[tokio::test]
async fn connections_that_rested_too_long_are_closed() {
    let house =
        House::with(Backend::echo().await, |settings| settings.connections.keep = Duration::ZERO).await;
    carol_asks(&house, get("acme.base.test", "/")).await.echoed();
    house.gateway.upkeep();
    carol_asks(&house, get("acme.base.test", "/")).await.echoed();
    assert_eq!(house.backend.connections(), 2);
}

#[tokio::test]
async fn a_crowded_backend_is_said_to_be_busy() {
    let (slow, release) = Backend::slow().await;
    let house = House::with(slow, |settings| {
        impatient(settings);
        settings.connections.most = 1;
    })
    .await;
    let cookie = house.carol_at(ACME);
    let slow = tokio::spawn(get("acme.base.test", "/slow").with("cookie", &cookie).at(house.address));
    within(async {
        while house.backend.hits() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let told = carol_asks(&house, get("acme.base.test", "/")).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (503, "upstream.busy"));
    release.notify_one();
    assert_eq!(slow.await.unwrap().status, 200);
    assert_eq!(carol_asks(&house, get("acme.base.test", "/")).await.status, 200);
}

#[tokio::test]
async fn a_tenant_that_moves_is_served_by_its_new_deployment_at_once() {
    let there = Backend::answering(|_| async { Response::new(full("there")) }).await;
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let mut new = deployment(&[&there.origin()]);
    new.id = domain::DeploymentId::from_bits(DEPLOYMENT.bits() + 1);
    house.gateway.set_deployments(vec![deployment(&[&house.backend.origin()]), new.clone()]);
    house
        .change(ACME, |acme| {
            acme.deployment = new.id;
            acme.generation = 2;
        })
        .await;
    let told = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.text(), "there");
}

/// A backend that speaks https under the name `localhost`, and whom to trust for it.
async fn over_tls() -> (String, Arc<ClientConfig>) {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let backend = Backend::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request| async { Ok::<_, Infallible>(echo(request).await) });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
    let mut roots = RootCertStore::empty();
    roots.add(issued.cert.der().clone()).unwrap();
    let trust = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (format!("https://localhost:{}", backend.address.port()), Arc::new(trust))
}

#[tokio::test]
async fn a_backend_over_tls_is_believed_only_if_its_certificate_is() {
    let (origin, trust) = over_tls().await;
    let trusting =
        House::with(Backend::echo().await, |settings| settings.connections.tls = Some(trust)).await;
    trusting.gateway.set_deployments(vec![deployment(&[&origin])]);
    assert_eq!(carol_asks(&trusting, get("acme.base.test", "/x")).await.target(), "/x");

    let strange =
        ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    for tls in [Some(Arc::new(strange)), None] {
        let house = House::with(Backend::echo().await, |settings| settings.connections.tls = tls).await;
        house.gateway.set_deployments(vec![deployment(&[&origin])]);
        let told = carol_asks(&house, get("acme.base.test", "/x")).await;
        assert_eq!(told.code(), "upstream.unreachable");
    }
}
