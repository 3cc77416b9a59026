//! Requests that are malformed or mean harm. `docs/bad-input.md` lists them with their answers.

use crate::{
    house::{ACME, House},
    wire::{ask, get, raw},
};

/// A head for Acme with these further lines, and what follows it.
fn request(line: &str, fields: &str, rest: &str, carol: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: acme.base.test\r\nCookie: {carol}\r\n{fields}\r\n{rest}").into_bytes()
}

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

#[tokio::test]
async fn conflicting_lengths_never_let_a_second_request_slip_through() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: acme.base.test\r\n\r\n";
    for fields in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    ] {
        // The chunks count, the length is dropped, and the connection ends: what hides behind is not read.
        let bytes = request("POST /", fields, &format!("0\r\n\r\n{hidden}"), &carol);
        let said = raw(house.address, &bytes).await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        assert_eq!(answers(&said), 1, "{said}");
        assert!(said.contains("\\\"body\\\":\\\"\\\"") || said.contains("\"body\":\"\""), "{said}");
        assert!(!said.contains("\"content-length\",\"6\""), "{said}");
    }
    assert_eq!(house.backend.hits(), 2);
}

#[tokio::test]
async fn a_body_that_is_not_framed_soundly_is_refused() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for (fields, rest) in [
        ("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
        ("Content-Length: 3, 3\r\n", "abc"),
        ("Content-Length: +3\r\n", "abc"),
        ("Content-Length: -1\r\n", ""),
        ("Content-Length: 0x3\r\n", "abc"),
        ("Content-Length: 99999999999999999999\r\n", ""),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"),
    ] {
        let said = raw(house.address, &request("POST /", fields, rest, &carol)).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{fields}{said}");
    }
    for coding in ["gzip, chunked", "chunked\r\nTransfer-Encoding: chunked"] {
        let fields = format!("Transfer-Encoding: {coding}\r\n");
        let said = raw(house.address, &request("POST /", &fields, "0\r\n\r\n", &carol)).await;
        assert!(said.starts_with("HTTP/1.1 501"), "{coding}: {said}");
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_browser_s_question_is_framed_as_soundly_as_everything_else() {
    let cors = r#"{"cors": {"origins": ["https://app.test"]}}"#;
    let house =
        House::routed(&format!(r#"[{{"name": "api", "host": "*.base.test", "policies": {cors}}}]"#)).await;
    let question = "Origin: https://app.test\r\nAccess-Control-Request-Method: PUT\r\n";
    let carol = house.carol_at(ACME);
    let sound = raw(house.address, &request("OPTIONS /", question, "", &carol)).await;
    assert!(sound.contains("access-control-allow-origin"), "{sound}");
    let odd = format!("{question}Transfer-Encoding: cow, chunked\r\n");
    let said =
        raw(house.address, &request("OPTIONS /", &odd, "0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", &carol)).await;
    assert!(said.starts_with("HTTP/1.1 501") && answers(&said) == 1, "{said}");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn bad_chunks_are_refused_and_never_forwarded_as_a_whole_body() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for chunks in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcX\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    ] {
        let said =
            raw(house.address, &request("POST /", "Transfer-Encoding: chunked\r\n", chunks, &carol)).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{chunks:?}: {said}");
        assert_eq!(answers(&said), 1, "{chunks:?}: {said}");
    }
}

#[tokio::test]
async fn heads_that_parsers_read_differently_are_refused() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for (line, fields) in [
        ("GET /", "X-Folded: a\r\n b\r\n"),
        ("GET /", "X-Folded: a\r\n\tPartywall-Tenant: x\r\n"),
        ("GET /", " Leading: a\r\n"),
        ("GET /", "No colon\r\n"),
        ("GET /", "Bad\x00Name: a\r\n"),
        ("GET /", "X: a\x00b\r\n"),
        ("GET /", "X: a\rb\r\n"),
        ("GET  /", ""),
        ("GET / x", ""),
        ("G\u{e4}T /", ""),
        ("GET", ""),
    ] {
        let said = raw(house.address, &request(line, fields, "", &carol)).await;
        assert!(said.starts_with("HTTP/1.1 400"), "{line:?} {fields:?}: {said}");
    }
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_bare_line_feed_ends_a_line_and_is_written_anew() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let head = format!("GET /x HTTP/1.1\nHost: acme.base.test\nCookie: {carol}\nPartywall-Tenant: x\n\n");
    let said = raw(house.address, head.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(said.contains(&format!("[\"partywall-tenant\",\"{ACME}\"]")), "{said}");
    assert!(!said.contains("[\"partywall-tenant\",\"x\"]"), "{said}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_a_backend_hears_of_it() {
    let house = House::routed(r#"[{"name": "small", "host": "*.base.test", "most_body": 10}]"#).await;
    let carol = house.carol_at(ACME);
    let at = |ask: crate::wire::Ask| ask.with("cookie", &carol).at(house.address);
    assert_eq!(at(ask("POST", "acme.base.test", "/").body("0123456789")).await.status, 200);
    assert_eq!(at(ask("POST", "acme.base.test", "/").body("0123456789a")).await.code(), "request.too-large");
    assert_eq!(
        at(get("acme.base.test", &format!("/{}", "a".repeat(17_000)))).await.code(),
        "request.target-too-long"
    );
    assert_eq!(
        at(get("acme.base.test", "/").with("x", &"a".repeat(33_000))).await.code(),
        "request.head-too-large"
    );
    let many = (0..99).fold(get("acme.base.test", "/"), |ask, at| ask.with(&format!("x-{at}"), "a"));
    assert_eq!(at(many).await.status, 431);
    assert_eq!(house.backend.hits(), 1);
}

#[tokio::test]
async fn a_chunked_body_is_cut_off_where_it_becomes_too_large() {
    let house = House::routed(r#"[{"name": "small", "host": "*.base.test", "most_body": 10}]"#).await;
    let carol = house.carol_at(ACME);
    let chunks = "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n";
    let said = raw(house.address, &request("POST /", "Transfer-Encoding: chunked\r\n", chunks, &carol)).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_by_the_server() {
    let house = House::new().await;
    let endless = format!("GET / HTTP/1.1\r\nHost: acme.base.test\r\nX: {}", "a".repeat(200_000));
    let said = raw(house.address, endless.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 431") || said.starts_with("HTTP/1.1 400"), "{said}");
}

#[tokio::test]
async fn methods_and_expectations_that_are_not_for_us_are_refused() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    for (line, fields, status) in [
        ("TRACE /", "", 405),
        ("GET /", "Expect: the-impossible\r\n", 417),
        ("GET /", "Via: 1.1 partywall, 1.1 partywall\r\nVia: 1.1 partywall, 1.1 partywall\r\n", 508),
    ] {
        let said = raw(house.address, &request(line, fields, "", &carol)).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{line} {fields}: {said}");
    }
    let said =
        raw(house.address, b"CONNECT acme.base.test:443 HTTP/1.1\r\nHost: acme.base.test:443\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 405"), "{said}");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn an_upgrade_to_anything_but_a_websocket_is_an_ordinary_request() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let fields =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    let said = raw(house.address, &request("GET /x", fields, "", &carol)).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(!said.contains("h2c"), "{said}");
}

#[tokio::test]
async fn a_client_that_waits_for_permission_to_send_gets_it() {
    let house = House::new().await;
    let carol = house.carol_at(ACME);
    let said = raw(
        house.address,
        &request("POST /", "Expect: 100-continue\r\nContent-Length: 3\r\n", "abc", &carol),
    )
    .await;
    assert!(said.contains("HTTP/1.1 200") && said.contains("\"body\":\"abc\""), "{said}");
    assert!(!said.contains("[\"expect\""), "{said}");
}
