//! Clients that hold on to connections to a backend and do nothing with them.

use crate::{
    backend::{Backend, Body, echo, full},
    house::{ACME, House},
    wire::{ask, get, within},
};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, Response, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

const SHORT: &str = r#"[{"name": "short", "host": "*.base.test", "idle_seconds": 1}]"#;

/// Looks after connections as the node does, only more often.
fn upkeep(house: &House) -> JoinHandle<()> {
    let gateway = house.gateway.clone();
    tokio::spawn(async move {
        loop {
            gateway.upkeep();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

async fn large_or_echo(request: Request<hyper::body::Incoming>) -> Response<Body> {
    if request.uri().path() == "/large" {
        Response::new(full(vec![b'x'; 1_000_000]))
    } else {
        echo(request).await
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_holds_no_connection_for_good() {
    let house =
        House::with(Backend::answering(large_or_echo).await, |settings| settings.connections.most = 1).await;
    house.gateway.set_routes(SHORT).unwrap();
    let _upkeep = upkeep(&house);
    let stream = TcpStream::connect(house.address).await.unwrap();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(0);
    let (mut client, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let carol = house.carol_at(ACME);
    let large = Request::get("http://acme.base.test/large").header("cookie", &carol);
    let answer = client.send_request(large.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    // It has the only connection, and its body is never asked for.
    let told = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.status, 200, "{}", told.text());
    drop(answer);
}

#[tokio::test]
async fn a_client_of_http_1_that_never_reads_holds_no_connection_for_good() {
    let endless = Backend::answering(|request| async {
        let large = request.uri().path() == "/large";
        // More than all buffers on the way take.
        if large { Response::new(full(vec![b'x'; 64_000_000])) } else { echo(request).await }
    });
    let house = House::with(endless.await, |settings| settings.connections.most = 1).await;
    house.gateway.set_routes(SHORT).unwrap();
    let _upkeep = upkeep(&house);
    let carol = house.carol_at(ACME);
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = format!("GET /large HTTP/1.1\r\nHost: acme.base.test\r\nCookie: {carol}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    within(async {
        while house.backend.hits() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let told = get("acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!(told.status, 200, "{}", told.text());
    drop(stream);
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for_after_its_session_ended() {
    let house =
        House::with(Backend::echo().await, |settings| settings.ask_again = Duration::from_millis(20)).await;
    let _upkeep = upkeep(&house);
    within(async {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: acme.base.test\r\nCookie: {}\r\nContent-Length: 9\r\n\r\nhalf",
            house.carol_at(ACME)
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        while house.gateway.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        house.everybody_leaves(ACME).await;
        while house.gateway.in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_address_holds_half_of_the_connections_and_no_more() {
    let (slow, release) = Backend::slow().await;
    let house = House::with(slow, |settings| settings.connections.most_per_client = 1).await;
    let carol = house.carol_at(ACME);
    let slow = tokio::spawn(get("acme.base.test", "/slow").with("cookie", &carol).at(house.address));
    within(async {
        while house.backend.hits() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let refused = ask("POST", "acme.base.test", "/").with("cookie", &carol).at(house.address).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "limit.share"));
    release.notify_one();
    assert_eq!(slow.await.unwrap().status, 200);
    assert_eq!(get("acme.base.test", "/").with("cookie", &carol).at(house.address).await.status, 200);
}
