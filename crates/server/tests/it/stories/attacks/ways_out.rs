//! Ways out of what is checked: another protocol on the same connection, a tunnel, a permission that was never asked
//! for; and clients that never come to the point.

use super::{Attack, PATIENCE, SMUGGLED, Scene, in_turn, last, refused};
use crate::town::frames::PREFACE;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, sleep, timeout},
};

fn ask(method: &str, fields: &str, rest: &str) -> String {
    format!("{method} /x HTTP/1.1\r\nHost: ~\r\n{fields}\r\n{rest}{SMUGGLED}")
}

#[tokio::test]
async fn an_upgrade_is_no_tunnel_past_the_gateway() {
    let scene = Scene::new().await;
    let settings = "HTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let both = &["GET /x", "GET /smuggled"];
    let attacks = [
        format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n{settings}"),
        format!("Connection: Upgrade\r\nUpgrade: h2c\r\n{settings}"),
        format!("Upgrade: h2c\r\n{settings}"),
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n".to_owned(),
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n".to_owned(),
        // A backend that does not switch has answered; what follows is asked anew, and judged anew.
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1337\r\n".to_owned(),
    ];
    let attacks = attacks.iter().map(|fields| (fields.as_str(), in_turn(both, ask("GET", fields, ""))));
    scene.withstands(attacks.collect()).await;
    let said = scene.say(ask("GET", "Connection: Upgrade, close\r\nUpgrade: h2c\r\n", "").as_bytes()).await;
    let heard = scene.only();
    assert!(heard.all("upgrade").is_empty() && heard.all("http2-settings").is_empty(), "{heard:?} {said}");
}

#[tokio::test]
async fn neither_connect_nor_trace_nor_a_late_preface_opens_a_way() {
    let scene = Scene::new().await;
    let preface = String::from_utf8(PREFACE.to_vec()).expect("text");
    let late = format!("GET /x HTTP/1.1\r\nHost: ~\r\n\r\n{preface}");
    let attacks = vec![
        ("CONNECT", refused(405, format!("CONNECT ~ HTTP/1.1\r\nHost: ~\r\n\r\n{SMUGGLED}"))),
        (
            "CONNECT with a body",
            refused(405, format!("CONNECT ~ HTTP/1.1\r\nHost: ~\r\nContent-Length: 0\r\n\r\n{SMUGGLED}")),
        ),
        ("TRACE", refused(405, ask("TRACE", "", ""))),
        ("preface", last("GET /x", late)),
    ];
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn permission_to_send_changes_nothing_about_where_a_request_ends() {
    let scene = Scene::new().await;
    let mut attacks: Vec<(&str, Attack)> = Vec::new();
    for expected in ["y 100-continue", "100-continue, x", "", "100-continue\r\nExpect: x"] {
        let bytes = ask("POST", &format!("Expect: {expected}\r\nContent-Length: 6\r\n"), "abcdef");
        attacks.push((expected, refused(417, bytes)));
    }
    attacks.push((
        "folded",
        refused(400, ask("POST", "Expect:\r\n 100-continue\r\nContent-Length: 6\r\n", "abcdef")),
    ));
    for (name, method, fields, body) in [
        ("CL", "POST", "Content-Length: 6\r\n", "abcdef"),
        ("CL.0", "POST", "Content-Length: 0\r\n", ""),
        ("TE", "POST", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("no body", "GET", "", ""),
    ] {
        let asked: &[&str] =
            if method == "GET" { &["GET /x", "GET /smuggled"] } else { &["POST /x", "GET /smuggled"] };
        let bytes = ask(method, &format!("Expect: 100-continue\r\n{fields}"), body);
        attacks.push((name, in_turn(asked, bytes)));
    }
    scene.withstands(attacks).await;
}

/// Says this at once, then one byte after the other, and gives what is said back until the connection ends.
async fn dribble(port: u16, begin: &[u8], byte: &[u8]) -> String {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(begin).await.expect("there is room");
    let (more, mut said) = (byte.to_vec(), Vec::new());
    let dribbling = tokio::spawn(async move {
        while writing.write_all(&more).await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
    });
    let ended = timeout(2 * PATIENCE, reading.read_to_end(&mut said)).await;
    dribbling.abort();
    assert!(ended.is_ok(), "it goes on after {:?}", String::from_utf8_lossy(begin));
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn who_never_comes_to_the_end_of_a_head_is_cut_off() {
    let scene = Scene::new().await;
    let port = scene.node.port;
    let line = format!("GET /x HTTP/1.1\r\nHost: {}\r\n", scene.host);
    let answered = format!("{line}\r\nGET /y HTTP/1.1\r\nX: ");
    // All at once, so that the story takes no longer than the longest of them.
    let (slow_line, slow_fields, next, preface, silence) = tokio::join!(
        dribble(port, b"GET /", b"x"),
        dribble(port, line.as_bytes(), b"X: y\r\n"),
        dribble(port, answered.as_bytes(), b"y"),
        dribble(port, &PREFACE[..12], b""),
        dribble(port, b"", b""),
    );
    for said in [slow_line, slow_fields, preface, silence] {
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    assert_eq!(super::statuses(&next)[0], 200, "{next}");
    assert_eq!(scene.only().asked, "GET /x");
}
