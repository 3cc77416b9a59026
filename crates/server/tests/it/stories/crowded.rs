//! What one organisation's clients hold is its own (ledger J03): connections that hang, that nobody reads, and that
//! send a letter at a time, as many as they like. Others are served as if nothing were.

use crate::town::{Engine, Town};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// As many connections as the plan allows each organisation here.
const MOST: usize = 12;

async fn crowded(engine: Engine) -> Town {
    let town = Town::build_with(engine, &["listen.connections_per_address=400"]).await;
    let routes = r#"[{"name": "open", "host": "*.partywall.localhost", "open": true, "audience": "api"}]"#;
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes).expect("the folder can be written");
    town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
    let most = format!("client_connections={MOST}");
    let plan = town.node.run(&["plan", "list"]);
    let plan = plan["items"][0]["name"].as_str().unwrap_or_else(|| panic!("no plan: {plan}")).to_owned();
    town.node.run(&["plan", "put", &plan, "--limit", &most, "--limit", "requests_in_flight=10000"]);
    town.eventually(async || {
        let (status, _) = ask(&town, "contoso").await;
        (status == 200).then_some(())
    })
    .await;
    town
}

/// Opens a connection and says this to an organisation's host. What follows is up to whoever holds it.
async fn say(town: &Town, slug: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", town.node.port)).await.expect("the node listens");
    let host = format!("{slug}.partywall.localhost:{}", town.node.port);
    let head = request.replacen("HOST", &host, 1);
    stream.write_all(head.as_bytes()).await.expect("it is taken");
    stream
}

/// The first line that comes back, and whether the other side closes then.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut said = String::new();
    let mut bytes = [0; 4096];
    while !said.contains("\r\n\r\n") {
        match timeout(Duration::from_secs(10), stream.read(&mut bytes)).await {
            Ok(Ok(read)) if read > 0 => said.push_str(&String::from_utf8_lossy(&bytes[..read])),
            _ => break,
        }
    }
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, said)
}

/// One request on a connection of its own.
async fn ask(town: &Town, slug: &str) -> (u16, String) {
    let mut stream = say(town, slug, "GET /x HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n").await;
    answer(&mut stream).await
}

/// Contoso's clients take all that they may hold: one part waits for answers that do not come, one does not read, one
/// sends a body a letter at a time, and one has asked and says no more.
async fn fill(town: &Town) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for number in 0..MOST - 1 {
        let request = match number % 4 {
            0 => "GET /hold HTTP/1.1\r\nHost: HOST\r\n\r\n".to_owned(),
            1 => "GET /piece HTTP/1.1\r\nHost: HOST\r\n\r\n".to_owned(),
            2 => "POST /x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1000\r\n\r\na".to_owned(),
            _ => "GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n".to_owned(),
        };
        held.push(say(town, "contoso", &request).await);
    }
    held
}

async fn a_crowd_holds_its_own(engine: Engine) {
    let town = crowded(engine).await;
    let mut silent = say(&town, "contoso", "GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
    assert_eq!(answer(&mut silent).await.0, 200);
    let mut held = fill(&town).await;
    // What is not taken yet is taken now. Whoever comes beyond is told so, and gets no connection to keep.
    let refused = loop {
        let mut stream = say(&town, "contoso", "GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n").await;
        let (status, said) = answer(&mut stream).await;
        if status == 429 {
            let closed = timeout(Duration::from_secs(5), stream.read(&mut [0; 16])).await;
            assert!(matches!(closed, Ok(Ok(0) | Err(_))), "the connection is closed: {closed:?}");
            break said;
        }
        assert_eq!(status, 200, "{said}");
        held.push(stream);
        assert!(held.len() < 2 * MOST, "there is no bound");
    };
    assert!(
        refused.contains("limit.connections") && refused.to_lowercase().contains("retry-after"),
        "{refused}"
    );
    for _ in 0..200 {
        let (status, _) = ask(&town, "contoso").await;
        assert_eq!(status, 429, "however often");
    }
    // Others are served as if nothing were, and promptly.
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(ask(&town, "fabrikam").await.0, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "fabrikam waited for {:?}", begun.elapsed());
    // What is open goes on: one that was silent asks again.
    let host = format!("contoso.partywall.localhost:{}", town.node.port);
    let again = format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n");
    silent.write_all(again.as_bytes()).await.expect("it is open");
    assert_eq!(answer(&mut silent).await.0, 200);
    // Whoever lets go makes room.
    town.backend.let_go();
    drop(held);
    town.eventually(async || (ask(&town, "contoso").await.0 == 200).then_some(())).await;
}

#[tokio::test]
async fn a_tenant_whose_clients_hold_every_connection_they_may_leaves_others_alone_on_sqlite() {
    a_crowd_holds_its_own(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_tenant_whose_clients_hold_every_connection_they_may_leaves_others_alone_on_postgresql() {
    a_crowd_holds_its_own(Engine::Postgres).await;
}

#[tokio::test]
async fn a_connection_of_http2_counts_once_and_is_closed_where_there_is_no_room() {
    let town = crowded(Engine::Sqlite).await;
    let connect = async || {
        let stream = TcpStream::connect(("127.0.0.1", town.node.port)).await.expect("the node listens");
        let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (client, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
        (client, tokio::spawn(connection))
    };
    let get = async |client: &mut hyper::client::conn::http2::SendRequest<Empty<bytes::Bytes>>,
                     slug: &str| {
        let ask = http::Request::get(format!("{}/x", town.node.origin(slug)));
        let answer =
            client.send_request(ask.body(Empty::new()).expect("a request")).await.expect("an answer");
        let status = answer.status().as_u16();
        answer.into_body().collect().await.expect("it comes whole");
        status
    };
    let mut held = Vec::new();
    for _ in 0..MOST {
        let (mut client, connection) = connect().await;
        for _ in 0..5 {
            assert_eq!(get(&mut client, "contoso").await, 200, "its requests are not counted here");
        }
        held.push((client, connection));
    }
    // One more gets an answer, and is sent away with it; at another organisation's host it would be welcome.
    let (mut client, connection) = connect().await;
    assert_eq!(get(&mut client, "fabrikam").await, 200);
    assert_eq!(get(&mut client, "contoso").await, 429);
    timeout(Duration::from_secs(10), connection).await.expect("it is closed").expect("no panic").ok();
}
