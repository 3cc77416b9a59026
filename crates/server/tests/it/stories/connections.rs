//! How many connections one address may hold, and for how long an answer is held that nobody takes.

use crate::town::{Engine, Node, Town};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{io, net::IpAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// As many as an address may hold in these stories.
const MOST: usize = 6;

async fn node(folder: &tempfile::TempDir) -> Node {
    let most = format!("listen.connections_per_address={MOST}");
    Node::start(folder.path(), "", &[&most, "listen.uncounted=127.0.0.9/32"]).await
}

/// Connects from this address of the machine, and asks for something.
async fn ask_from(node: &Node, address: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((address.parse::<IpAddr>().expect("an address"), 0).into())?;
    let mut stream = socket.connect(([127, 0, 0, 1], node.port).into()).await?;
    ask(node, &mut stream).await?;
    Ok(stream)
}

/// Asks over a connection that is open. An error where nobody answers any more.
async fn ask(node: &Node, stream: &mut TcpStream) -> io::Result<()> {
    let request =
        format!("HEAD /v1/openapi.json HTTP/1.1\r\nHost: api.partywall.localhost:{}\r\n\r\n", node.port);
    stream.write_all(request.as_bytes()).await?;
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await?;
        said.push(byte);
    }
    assert!(said.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&said));
    Ok(())
}

async fn refused(node: &Node) -> u64 {
    let page = node.private("/metrics").await.1;
    let line = page.lines().find_map(|line| line.strip_prefix("partywall_connections_refused_total "));
    line.and_then(|number| number.parse().ok()).expect("it is on the page")
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let node = node(&folder).await;
    let mut held = Vec::new();
    for _ in 0..MOST {
        held.push(ask_from(&node, "127.0.0.1").await.expect("there is room"));
    }
    for _ in 0..3 {
        let error = ask_from(&node, "127.0.0.1").await.expect_err("nobody answers");
        assert!(
            matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    }
    assert_eq!(refused(&node).await, 3);
    for stream in &mut held {
        ask(&node, stream).await.expect("what is open goes on");
    }
    // Others are not touched, and who is not counted may hold any number.
    ask_from(&node, "127.0.0.2").await.expect("another address");
    let mut in_front = Vec::new();
    for _ in 0..3 * MOST {
        in_front.push(ask_from(&node, "127.0.0.9").await.expect("the proxy in front"));
    }
    assert_eq!(refused(&node).await, 3);
    // Whoever lets one go may have another.
    drop(held.pop());
    for _ in 0..400 {
        if let Ok(stream) = ask_from(&node, "127.0.0.1").await {
            held.push(stream);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(held.len(), MOST);
}

#[tokio::test]
async fn a_stream_whose_client_makes_no_room_is_ended_and_the_connection_goes_on() {
    let town = Town::build(Engine::Sqlite).await;
    let routes = r#"[{"name": "open", "host": "*.partywall.localhost", "open": true, "idle_seconds": 1}]"#;
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes).expect("the folder can be written");
    town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
    let stream = TcpStream::connect(("127.0.0.1", town.node.port)).await.expect("the node listens");
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(0);
    let (mut client, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    // What is sent comes back, and is more than lies on the way.
    for _ in 0..2 {
        let answer = town
            .eventually(async || {
                let ask = http::Request::post(format!("{}/x", town.node.origin("contoso")));
                let ask = ask.body(Full::<bytes::Bytes>::from(vec![b'x'; 1_000_000])).expect("a request");
                let answer = client.clone().send_request(ask).await.expect("the gateway answers");
                (answer.status() == 200).then_some(answer)
            })
            .await;
        let ended = timeout(Duration::from_secs(20), answer.into_body().collect()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not last:\n{}", town.node.output()));
        assert!(ended.is_err(), "it was cut, not sent");
    }
    assert!(client.ready().await.is_ok());
    town.eventually(async || {
        let (_, metrics) = town.node.private("/metrics").await;
        metrics.lines().any(|line| line == "partywall_requests_in_flight 0").then_some(())
    })
    .await;
}
