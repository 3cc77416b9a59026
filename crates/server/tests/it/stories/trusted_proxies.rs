//! Proxies in front that the operator named (ledger A05): from them the original host, scheme and client are taken,
//! and from nobody else. The proxy of these stories is at 127.0.0.2; 127.0.0.1 is anybody.

use crate::town::{Engine, Person, Town};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

const PROXY: [u8; 4] = [127, 0, 0, 2];
const ANYBODY: [u8; 4] = [127, 0, 0, 1];

/// What came back: status, and body as JSON. None if the connection was closed without a word.
async fn send(
    town: &Town,
    from: [u8; 4],
    before: &[u8],
    host: &str,
    fields: &[(&str, &str)],
) -> Option<(u16, Value)> {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.bind(SocketAddr::from((from, 0))).expect("all of 127.0.0.0/8 is here");
    let node = SocketAddr::from(([127, 0, 0, 1], town.node.port));
    let mut stream = socket.connect(node).await.expect("the node listens");
    let mut text =
        format!("GET /x HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let whole = [before, text.as_bytes(), b"\r\n"].concat();
    let mut answer = Vec::new();
    let sent = stream.write_all(&whole).await;
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    read.expect("the node does not wait for ever").ok().filter(|_| sent.is_ok() && !answer.is_empty())?;
    let answer = String::from_utf8(answer).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned()))))
}

fn host(town: &Town, label: &str) -> String {
    format!("{label}.partywall.localhost:{}", town.node.facing)
}

async fn town_with(settings: &[&str]) -> (Town, String) {
    let town = Town::build_with(Engine::Sqlite, settings).await;
    let (alice, _): (Person, _) =
        town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let cookie = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session").map(str::to_owned);
    (town, format!("pw_session={}", cookie.expect("alice is signed in")))
}

#[tokio::test]
async fn the_original_host_is_taken_from_a_named_proxy_and_from_nobody_else() {
    let (town, cookie) = town_with(&["listen.trusted_proxies=127.0.0.2/32"]).await;
    let (contoso, fabrikam) = (host(&town, "contoso"), host(&town, "fabrikam"));
    let said = [
        ("X-Forwarded-Host", contoso.as_str()),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 127.0.0.2"),
        ("Cookie", &cookie),
    ];
    let (status, seen) = send(&town, PROXY, b"", &fabrikam, &said).await.expect("an answer");
    assert_eq!(status, 200, "{seen}");
    let header = |name: &str| seen["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header("partywall-tenant"), town.contoso);
    assert_eq!((header("host"), header("x-forwarded-host")), (contoso.clone(), contoso.clone()));
    assert_eq!(header("x-forwarded-for"), "198.51.100.7", "what stands before it may be made up");
    assert_eq!(header("x-forwarded-proto"), "https");
    assert!(header("forwarded").contains("for=198.51.100.7") && header("forwarded").contains("proto=https"));

    let hits = town.backend.hits();
    let (status, said_no) = send(&town, ANYBODY, b"", &fabrikam, &said).await.expect("an answer");
    assert_eq!(
        (status, said_no["code"].as_str()),
        (403, Some("tenant.unknown")),
        "the host of the request counts"
    );
    assert_eq!(town.backend.hits(), hits);
    let turned =
        [("X-Forwarded-Host", fabrikam.as_str()), ("X-Forwarded-For", "203.0.113.9"), ("Cookie", &cookie)];
    let (status, seen) = send(&town, ANYBODY, b"", &contoso, &turned).await.expect("an answer");
    assert_eq!((status, seen["headers"]["x-forwarded-for"].as_str()), (200, Some("127.0.0.1")), "{seen}");
    assert_eq!(seen["headers"]["partywall-tenant"], town.contoso.as_str());

    // Our own hosts are found in the same way.
    let id = host(&town, "id");
    let at_id = [("X-Forwarded-Host", id.as_str())];
    let (status, _) = send(&town, PROXY, b"", &contoso, &at_id).await.expect("an answer");
    assert_eq!(status, 404, "there is no /x at id.");
}

#[tokio::test]
async fn what_a_named_proxy_says_in_two_ways_is_refused() {
    let (town, cookie) = town_with(&["listen.trusted_proxies=127.0.0.2/32"]).await;
    let (contoso, fabrikam) = (host(&town, "contoso"), host(&town, "fabrikam"));
    let hits = town.backend.hits();
    let list = format!("{contoso}, {fabrikam}");
    for unclear in [
        &[("X-Forwarded-Host", contoso.as_str()), ("X-Forwarded-Host", contoso.as_str())][..],
        &[("X-Forwarded-Host", list.as_str())],
        &[("X-Forwarded-Proto", "gopher")],
    ] {
        let fields: Vec<_> = unclear.iter().copied().chain([("Cookie", cookie.as_str())]).collect();
        let (status, said) = send(&town, PROXY, b"", &contoso, &fields).await.expect("an answer");
        assert_eq!((status, said["code"].as_str()), (400, Some("request.forwarded")), "{unclear:?}: {said}");
    }
    let odd = [("X-Forwarded-Host", "contoso@fabrikam"), ("Cookie", cookie.as_str())];
    let (status, said) = send(&town, PROXY, b"", &contoso, &odd).await.expect("an answer");
    assert_eq!((status, said["code"].as_str()), (400, Some("request.host")), "{said}");
    assert_eq!(town.backend.hits(), hits);
}

#[tokio::test]
async fn a_proxy_may_say_it_in_the_standard_s_own_header() {
    let settings = ["listen.trusted_proxies=127.0.0.2/32", "listen.host_header=Forwarded"];
    let (town, cookie) = town_with(&settings).await;
    let (contoso, fabrikam) = (host(&town, "contoso"), host(&town, "fabrikam"));
    let forwarded =
        format!("for=203.0.113.9;host=evil.test, for=198.51.100.7;host=\"{contoso}\";proto=https");
    let said = [
        ("Forwarded", forwarded.as_str()),
        // Nobody said that these are read.
        ("X-Forwarded-Host", fabrikam.as_str()),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Cookie", &cookie),
    ];
    let (status, seen) = send(&town, PROXY, b"", &fabrikam, &said).await.expect("an answer");
    assert_eq!(status, 200, "{seen}");
    assert_eq!(seen["headers"]["x-forwarded-host"], contoso.as_str());
    assert_eq!(seen["headers"]["x-forwarded-for"], "198.51.100.7");
}

#[tokio::test]
async fn the_proxy_protocol_is_read_from_named_proxies_only_and_within_a_bound() {
    let settings = ["listen.trusted_proxies=127.0.0.2/32", "listen.proxy_protocol=true"];
    let (town, cookie) = town_with(&settings).await;
    let (contoso, fabrikam) = (host(&town, "contoso"), host(&town, "fabrikam"));
    // Whoever is behind a proxy that passes on bytes has written the header fields.
    let fields =
        [("X-Forwarded-Host", fabrikam.as_str()), ("X-Forwarded-For", "203.0.113.9"), ("Cookie", &cookie)];
    let first = b"PROXY TCP4 198.51.100.7 127.0.0.1 40000 443\r\n".to_vec();
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    let second = [&signature[..], &[0x21, 0x11, 0, 12, 198, 51, 100, 7, 127, 0, 0, 1, 1, 2, 3, 4]].concat();
    for head in [&first, &second] {
        let (status, seen) = send(&town, PROXY, head, &contoso, &fields).await.expect("an answer");
        assert_eq!(status, 200, "{seen}");
        assert_eq!(seen["headers"]["x-forwarded-for"], "198.51.100.7");
        assert_eq!(seen["headers"]["partywall-tenant"], town.contoso.as_str());
    }
    let hits = town.backend.hits();
    let half = b"PROXY TCP4 ";
    for refused in [&b""[..], b"PROXY TCP4 x y 1 2\r\n", b"PROXY TCP5 \r\n"] {
        assert_eq!(send(&town, PROXY, refused, &contoso, &fields).await, None, "{refused:?}");
    }
    assert_eq!(stalls(&town, half).await, 0, "half a head is not waited for");
    let (status, _) = send(&town, ANYBODY, &first, &contoso, &fields).await.expect("an answer");
    assert_eq!(status, 400, "from anybody else it is no HTTP");
    assert_eq!(town.backend.hits(), hits);
    let (status, _) = send(&town, ANYBODY, b"", &contoso, &[("Cookie", &cookie)]).await.expect("an answer");
    assert_eq!(status, 200, "others come without it as before");
}

/// How many bytes come back when the proxy begins and then says nothing.
async fn stalls(town: &Town, begins: &[u8]) -> usize {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.bind(SocketAddr::from((PROXY, 0))).expect("all of 127.0.0.0/8 is here");
    let node = SocketAddr::from(([127, 0, 0, 1], town.node.port));
    let mut stream = socket.connect(node).await.expect("the node listens");
    stream.write_all(begins).await.expect("there is room");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the node does not wait for ever");
    answer.len()
}
