//! Where a request ends: two readers that differ in it take one request for two, or two for one.

use super::{Attack, SMUGGLED, Scene, in_turn, last, refused};

/// A request with a body, framed by these fields, and what follows its head.
fn post(fields: &str, rest: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: ~\r\n{fields}\r\n\r\n{rest}")
}

/// No body by chunks; four bytes of one, and the rest of it for the next request, by length.
fn end() -> String {
    format!("0\r\n\r\n{SMUGGLED}")
}

#[tokio::test]
async fn cl_te_and_te_cl() {
    let scene = Scene::new().await;
    // The chunks count, the length is dropped, and nothing more is read.
    let cl_te = post("Content-Length: 6\r\nTransfer-Encoding: chunked", &end());
    let chunk = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len() - 1 + scene.host.len());
    let te_cl = post("Transfer-Encoding: chunked\r\nContent-Length: 4", &chunk);
    scene.withstands(vec![("CL.TE", last("POST /x", cl_te)), ("TE.CL", last("POST /x", te_cl))]).await;
    // The form of one that has no version that knows chunks.
    let old = "POST /x HTTP/1.0\r\nHost: ~\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    let old = format!("{old}{}", end());
    scene.withstands(vec![("TE over HTTP/1.0", refused(400, old))]).await;
}

#[tokio::test]
async fn te_te_where_one_of_the_codings_is_disguised() {
    let scene = Scene::new().await;
    let mut attacks = Vec::new();
    for coding in [
        "xchunked",
        "\"chunked\"",
        "'chunked'",
        "chunked;q=1",
        "chunked, cow",
        "chunked, identity",
        "chunked,",
        "cow",
        "identity",
        "",
        "chun\x00ked",
        "chunked\x0b",
        "\x0bchunked",
        "\x0cchunked",
        "chunk\u{ed}ed",
        "\nchunked",
        "\r\n chunked",
        "\r\n\tchunked",
        "chunked\r",
        "chunked\r\nTransfer-Encoding: cow",
        "chunked\r\nTransfer-Encoding: identity",
    ] {
        for length in ["", "Content-Length: 4\r\n"] {
            let bytes = post(&format!("{length}Transfer-Encoding: {coding}"), &end());
            attacks.push((coding, refused(400, bytes)));
        }
    }
    // What ends in chunks can be framed; whatever stands before that would be lost on the way.
    for coding in [
        "cow, chunked",
        "identity, chunked",
        ",chunked",
        "cow\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\ntransfer-encoding: chunked",
    ] {
        for length in ["", "Content-Length: 4\r\n"] {
            let bytes = post(&format!("{length}Transfer-Encoding: {coding}"), &end());
            attacks.push((coding, refused(501, bytes)));
        }
    }
    for coding in ["CHUNKED", " chunked", "\tchunked", "chunked ", "chunked\t"] {
        let bytes = post(&format!("Transfer-Encoding:{coding}"), &end());
        attacks.push((coding, in_turn(&["POST /x", "GET /smuggled"], bytes)));
    }
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn te_te_where_the_field_is_disguised() {
    let scene = Scene::new().await;
    let mut attacks = Vec::new();
    for field in [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        ":Transfer-Encoding: chunked",
        "X: x\rTransfer-Encoding: chunked",
        "X: x\r\n\rTransfer-Encoding: chunked",
        "X: x\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding\r\n: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer\x00-Encoding: chunked",
        "\x00Transfer-Encoding: chunked",
        "\u{a0}Transfer-Encoding: chunked",
    ] {
        attacks.push((field, refused(400, post(&format!("Content-Length: 5\r\n{field}"), &end()))));
    }
    // A backend that folds `_` to `-` never sees it; by us it frames nothing.
    for field in ["Transfer_Encoding: chunked", "Content-Encoding: chunked"] {
        let bytes = post(&format!("Content-Length: 5\r\n{field}"), &end());
        attacks.push((field, in_turn(&["POST /x", "GET /smuggled"], bytes)));
    }
    // A bare line feed ends a line of a head for us, and what is forwarded is written anew.
    let bare = post("Content-Length: 5\r\nX: x\nTransfer-Encoding: chunked", &end());
    attacks.push(("bare LF", last("POST /x", bare)));
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn lengths_that_can_be_read_in_two_ways() {
    let scene = Scene::new().await;
    let mut attacks: Vec<(&str, Attack)> = Vec::new();
    for length in [
        "0\r\nContent-Length: 6",
        "6\r\nContent-Length: 0",
        "6\r\ncontent-length: 7",
        "6, 6",
        "6,0",
        "+6",
        "-6",
        "06",
        "0x6",
        "0_6",
        "6 6",
        "\"6\"",
        "",
        "6e0",
        "6.0",
        "6;0",
        "6\x0b",
        "\x0b6",
        "18446744073709551622",
        "\n6",
        "\r\n 6",
    ] {
        attacks.push((
            length,
            refused(400, post(&format!("Content-Length: {length}"), &format!("abcdef{SMUGGLED}"))),
        ));
    }
    attacks.push(("0.CL", refused(400, post("Content-Length : 6", &format!("abcdef{SMUGGLED}")))));
    let huge = post("Content-Length: 4294967302", SMUGGLED);
    attacks.push(("too large for 32 bits", refused(413, huge)));
    for length in ["6\r\nContent-Length: 6", "6 ", "6\t"] {
        let bytes = post(&format!("Content-Length: {length}"), &format!("abcdef{SMUGGLED}"));
        attacks.push((length, in_turn(&["POST /x", "GET /smuggled"], bytes)));
    }
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn cl_0_and_te_0_at_backends_that_look_for_no_body() {
    let scene = Scene::new().await;
    let length = SMUGGLED.len() - 1 + scene.host.len();
    for method in ["GET", "HEAD", "OPTIONS", "DELETE", "POST"] {
        let head = format!("{method} /x HTTP/1.1\r\nHost: ~\r\nConnection: close\r\n");
        for (fields, body) in [
            (format!("Content-Length: {length}"), SMUGGLED.to_owned()),
            ("Transfer-Encoding: chunked".to_owned(), format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n")),
        ] {
            let said = scene.say(format!("{head}{fields}\r\n\r\n{body}").as_bytes()).await;
            assert!(said.starts_with("HTTP/1.1 200 "), "{method} {fields}: {said}");
            // The backend has it as a body, whole, in the request that it came in.
            let heard = scene.only();
            assert_eq!(String::from_utf8_lossy(&heard.body), SMUGGLED.replace('~', &scene.host), "{heard:?}");
        }
    }
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}

#[tokio::test]
async fn chunks_that_can_be_read_in_two_ways() {
    let scene = Scene::new().await;
    let mut attacks = Vec::new();
    let long = format!("1;{}\r\na\r\n0\r\n\r\n", "e".repeat(20_000));
    let many = format!("0\r\n{}\r\n", "X: y\r\n".repeat(3_000));
    let large = format!("0\r\nX: {}\r\n\r\n", "y".repeat(70_000));
    for chunks in [
        // TERM.EXT, EXT.TERM, TERM.SPILL, SPILL.TERM and what came before them.
        "1;x\na\r\n0\r\n\r\n",
        "1;\na\r\n0\r\n\r\n",
        "1;x\rX\r\na\r\n0\r\n\r\n",
        "0;a=b\r\r\n\r\n",
        "0;ext=\n\r\n\r\n",
        "1\r\naXX0\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "1\r\na\r0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "-0\r\n\r\n",
        "1_0\r\na\r\n0\r\n\r\n",
        "10000000000000001\r\na\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "0\n\r\n",
        "0\n\n",
        "0\r\r\n",
        "0\r\n\r",
        "0\r\nX: a\r\n b\r\n\r\n",
        "0\r\nX : a\r\n\r\n",
        "0\r\nX: a\rb\r\n\r\n",
        "0\r\nX: a\nY: b\r\n\r\n",
        "0\r\nnothing\r\n\r\n",
        "0\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        &long,
        &many,
        &large,
    ] {
        let name = chunks.get(..40).unwrap_or(chunks);
        attacks
            .push((name, refused(400, post("Transfer-Encoding: chunked", &format!("{chunks}{SMUGGLED}")))));
    }
    for chunks in ["0;ext\r\n\r\n", "1 ;x\r\na\r\n0\r\n\r\n", "00000000000000001\r\na\r\n0\r\n\r\n"] {
        let bytes = post("Transfer-Encoding: chunked", &format!("{chunks}{SMUGGLED}"));
        attacks.push((chunks, in_turn(&["POST /x", "GET /smuggled"], bytes)));
    }
    // A bare line feed where trailers begin: all up to the next empty line is taken for trailers, and is no request.
    let bytes = post("Transfer-Encoding: chunked", &format!("0\r\n\n{SMUGGLED}"));
    attacks.push(("bare LF before trailers", in_turn(&["POST /x"], bytes)));
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn the_platforms_own_hosts_read_requests_in_one_way_too() {
    let scene = Scene::new().await;
    let api = scene.host.replacen("contoso", "api", 1);
    let next = "GET /v1/openapi.json HTTP/1.1\r\nHost: ~\r\nConnection: close\r\n\r\n";
    for (fields, body, status) in [
        ("Transfer-Encoding: cow, chunked", "0\r\n\r\n", 501),
        ("Content-Length: 06", "abcdef", 400),
        ("Content-Length: 6\r\nExpect: y 100-continue", "abcdef", 417),
        ("Host: ~\r\nContent-Length: 6", "abcdef", 400),
    ] {
        let bytes = format!("{}{next}", post(fields, body)).replace('~', &api);
        assert_eq!(super::statuses(&scene.say(bytes.as_bytes()).await), [status], "{fields}");
    }
    let sound = format!("{}{next}", post("Content-Length: 6", "abcdef")).replace('~', &api);
    assert_eq!(super::statuses(&scene.say(sound.as_bytes()).await).len(), 2);
}

#[tokio::test]
async fn trailers_that_would_frame_or_address_what_comes_before_them() {
    let scene = Scene::new().await;
    let trailers = "Content-Length: 9\r\nTransfer-Encoding: chunked\r\nHost: evil.test\r\nCookie: a=b\r\n\
                    Authorization: Basic eDp5\r\nPartywall-Tenant: tnt_x\r\nX-Forwarded-For: 1.2.3.4\r\nX-Sum: 1\r\n";
    let names = "x-sum, content-length, host, cookie, authorization, partywall-tenant, x-forwarded-for";
    let fields =
        format!("Connection: close\r\nTE: trailers\r\nTrailer: {names}\r\nTransfer-Encoding: chunked");
    let said = scene.say(post(&fields, &format!("1\r\na\r\n0\r\n{trailers}\r\n")).as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert_eq!(scene.only().trailers, [("x-sum".to_owned(), "1".to_owned())]);
    assert_eq!(scene.tap.odd(), Vec::<String>::new());
}
