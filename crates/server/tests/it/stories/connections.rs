//! How many connections one address may hold.

use crate::town::Node;
use std::{io, net::IpAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
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
