//! From HTTP/2 to HTTP/1.1: what stands in a frame as it likes must not become lines of a head.

use super::{SMUGGLED, Scene};
use crate::town::frames::{Became, DATA, END_HEADERS, END_STREAM, HEADERS, WHOLE, field, frame};

/// A request that begins as a sound one, with this in place of one of its fields, or after them.
fn block(scene: &Scene, name: &[u8], value: &[u8]) -> Vec<u8> {
    let sound =
        [(":method", "GET"), (":scheme", "http"), (":authority", scene.host.as_str()), (":path", "/x")];
    let mut block = Vec::new();
    for (own, usual) in sound {
        let value = if own.as_bytes() == name { value } else { usual.as_bytes() };
        block.extend(field(own, value));
    }
    if sound.iter().all(|(own, _)| own.as_bytes() != name) {
        block.extend(field(name, value));
    }
    block
}

/// Sends each on a connection of its own, and gives what became of it and what the backend heard of it.
async fn tried(scene: &Scene, name: &[u8], value: &[u8]) -> (Became, Vec<String>) {
    let mut client = scene.frames().await;
    client.send(&frame(HEADERS, WHOLE, 1, &block(scene, name, value))).await;
    let became = client.became().await;
    scene.victim(0).await;
    let mut heard = scene.tap.heard();
    assert_eq!(heard.pop().expect("the victim's").asked, "GET /victim/0");
    (became, heard.into_iter().map(|heard| heard.asked).collect())
}

/// What the connection or the stream ends with, or what is refused in words.
fn is_refused(became: Became) -> bool {
    matches!(became, Became::Ended(Some(1)) | Became::Reset | Became::Answered(400..=499))
}

#[tokio::test]
async fn line_ends_in_names_and_values_reach_no_backend() {
    let scene = Scene::new().await;
    let inject = format!("a\r\n\r\n{SMUGGLED}");
    let (inject, line) = (inject.as_bytes(), b"a\r\ntransfer-encoding: chunked".as_slice());
    let in_line = b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\nGET".as_slice();
    let in_path = b"/x HTTP/1.1\r\nhost: x\r\n\r\nGET /smuggled".as_slice();
    let cases: &[(&[u8], &[u8])] = &[
        (b"x", line),
        (b"x", inject),
        (b"x", b"a\nb"),
        (b"x", b"a\rb"),
        (b"x", b"a\x00b"),
        (b"cookie", b"a=b\r\npartywall-tenant: x"),
        (b"x\r\ntransfer-encoding", b"chunked"),
        (b"x\ntransfer-encoding", b"chunked"),
        (b"x: y\r\nz", b"a"),
        (b"x: y", b""),
        (b"x:", b"y"),
        (b"x y", b"z"),
        (b"transfer-encoding ", b"chunked"),
        (b"", b"x"),
        (b"X-Upper", b"y"),
        (b":method", in_line),
        (b":method", b"G T"),
        (b":method", b""),
        (b":path", in_path),
        (b":path", b"/x y"),
        (b":path", b"/x\r\nx: y"),
        (b":scheme", b"http\r\nx: y"),
        (b":scheme", b"http://evil.test/?"),
        (b":authority", b"contoso.partywall.localhost\r\nx: y"),
    ];
    for (name, value) in cases {
        let (became, heard) = tried(&scene, name, value).await;
        let shown = String::from_utf8_lossy(name);
        assert!(is_refused(became) && heard.is_empty(), "{shown} {value:?}: {became:?} {heard:?}");
    }
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}

#[tokio::test]
async fn what_belongs_to_a_connection_of_http_1_has_no_place_in_a_stream() {
    let scene = Scene::new().await;
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("connection", "transfer-encoding"),
        ("connection", "close"),
        ("keep-alive", "5"),
        ("proxy-connection", "close"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("te", "trailers, chunked"),
        (":protocol", "websocket"),
        (":status", "200"),
        (":path", "http://evil.test/x"),
        (":path", "@evil.test/x"),
        (":path", "evil.test/x"),
        (":path", "x"),
        (":path", ""),
        (":path", "*"),
        (":scheme", "ftp"),
        (":scheme", "javascript"),
        (":scheme", ""),
        (":authority", ""),
        (":authority", "a@contoso.partywall.localhost"),
        (":authority", "contoso.partywall.localhost/x"),
        (":authority", "evil.test"),
        (":method", "CONNECT"),
        (":method", "TRACE"),
        ("host", "evil.test"),
        ("host", ""),
        ("expect", "y 100-continue"),
    ] {
        let (became, heard) = tried(&scene, name.as_bytes(), value.as_bytes()).await;
        assert!(is_refused(became) && heard.is_empty(), "{name}: {value}: {became:?} {heard:?}");
    }
    for (name, value) in
        [("te", "trailers"), ("host", scene.host.clone().as_str()), ("transfer_encoding", "chunked")]
    {
        let (became, heard) = tried(&scene, name.as_bytes(), value.as_bytes()).await;
        assert_eq!((became, heard), (Became::Answered(200), vec!["GET /x".to_owned()]), "{name}");
    }
}

#[tokio::test]
async fn h2_cl_and_h2_te_are_framed_by_their_frames() {
    let scene = Scene::new().await;
    let hidden = format!("0\r\n\r\n{SMUGGLED}");
    for (lengths, body, sound) in [
        (vec!["3"], "abcdef", false),
        (vec!["9"], "abcdef", false),
        (vec!["0"], SMUGGLED, false),
        (vec!["6", "3"], "abcdef", false),
        (vec!["6", "6"], "abcdef", false),
        (vec!["6, 6"], "abcdef", false),
        (vec!["+6"], "abcdef", false),
        (vec!["06"], "abcdef", false),
        (vec!["6"], "abcdef", true),
        (vec![], hidden.as_str(), true),
    ] {
        let mut head = scene.block("POST");
        head.extend(lengths.iter().flat_map(|length| field("content-length", length)));
        let mut client = scene.frames().await;
        client
            .send(
                &[frame(HEADERS, END_HEADERS, 1, &head), frame(DATA, END_STREAM, 1, body.as_bytes())]
                    .concat(),
            )
            .await;
        let became = client.became().await;
        scene.victim(1).await;
        let mut heard = scene.tap.heard();
        heard.pop();
        match sound {
            true => assert_eq!((became, heard[0].body.as_slice()), (Became::Answered(200), body.as_bytes())),
            false => assert!(is_refused(became) && heard.is_empty(), "{lengths:?}: {became:?} {heard:?}"),
        }
    }
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}

#[tokio::test]
async fn trailers_of_a_stream_say_nothing_about_its_head() {
    let scene = Scene::new().await;
    let head = [
        scene.block("POST"),
        field("te", "trailers"),
        field("trailer", "x-sum, host, content-length, cookie, partywall-tenant, x_forwarded_for"),
    ];
    let trailers = [
        ("x-sum", "1"),
        ("host", "evil.test"),
        ("content-length", "99"),
        ("cookie", "a=b"),
        ("partywall-tenant", "tnt_x"),
        ("x_forwarded_for", "1.2.3.4"),
    ];
    let trailers: Vec<u8> = trailers.iter().flat_map(|(name, value)| field(name, value)).collect();
    let mut client = scene.frames().await;
    let frames = [
        frame(HEADERS, END_HEADERS, 1, &head.concat()),
        frame(DATA, 0, 1, b"abc"),
        frame(HEADERS, WHOLE, 1, &trailers),
    ];
    client.send(&frames.concat()).await;
    assert_eq!(client.became().await, Became::Answered(200));
    let heard = scene.only();
    assert_eq!((heard.asked.as_str(), heard.body.as_slice()), ("POST /x", b"abc".as_slice()));
    assert_eq!(heard.trailers, [("x-sum".to_owned(), "1".to_owned())]);
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}
