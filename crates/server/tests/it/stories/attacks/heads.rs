//! Whom a request is for, and where its lines end: two readers that differ in it ask two different tenants.

use super::{Attack, SMUGGLED, Scene, in_turn, refused};

fn get(line: &str, fields: &str) -> String {
    format!("{line}\r\n{fields}\r\n{SMUGGLED}")
}

#[tokio::test]
async fn hosts_that_are_said_twice_or_in_a_way_of_their_own() {
    let scene = Scene::new().await;
    let mut attacks: Vec<(&str, Attack)> = Vec::new();
    for fields in [
        "Host: ~\r\nHost: ~\r\n",
        "Host: ~\r\nHost: evil.test\r\n",
        "Host: evil.test\r\nHost: ~\r\n",
        "",
        "Host:\r\n",
        "Host: ~, evil.test\r\n",
        "Host: ~/evil\r\n",
        "Host: ~\\evil.test\r\n",
        "Host: ~%0d%0aX: y\r\n",
        "Host: ~\tevil.test\r\n",
        "Host: evil.test#~\r\n",
        "Host : @\r\n",
        " Host: ~\r\n",
        "Host: ~\r\n evil.test\r\n",
        "X: y\rHost: ~\r\n",
    ] {
        attacks.push((fields, refused(400, get("GET /x HTTP/1.1", fields))));
    }
    for line in [
        "GET http://evil.test/x HTTP/1.1",
        "GET http://evil.test:80/x HTTP/1.1",
        "GET https://a@contoso.partywall.localhost/x HTTP/1.1",
        "GET ftp://~/x HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET ~ HTTP/1.1",
        "GET evil.test:80 HTTP/1.1",
        "GET x HTTP/1.1",
        "GET ?x HTTP/1.1",
    ] {
        attacks.push((line, refused(400, get(line, "Host: ~\r\n"))));
    }
    for line in ["GET http://~/x HTTP/1.1", "GET HTTP://~/x HTTP/1.1"] {
        attacks.push((line, in_turn(&["GET /x", "GET /smuggled"], get(line, "Host: ~\r\n"))));
    }
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn lines_that_end_or_begin_otherwise() {
    let scene = Scene::new().await;
    let mut attacks: Vec<(&str, Attack)> = Vec::new();
    for line in [
        " GET /x HTTP/1.1",
        "GET  /x HTTP/1.1",
        "GET /x  HTTP/1.1",
        "GET /x HTTP/1.1 ",
        "GET\t/x\tHTTP/1.1",
        "GET\x0b/x HTTP/1.1",
        "GET /x y HTTP/1.1",
        "GET /x\ty HTTP/1.1",
        "GET /x\x00y HTTP/1.1",
        "GET /x HTTP/1.2",
        "GET /x HTTP/2.0",
        "GET /x http/1.1",
        "GET /x HTTP/1.1\rX: y",
        "GET /x",
        "G@T /x HTTP/1.1",
    ] {
        attacks.push((line, refused(400, get(line, "Host: ~\r\n"))));
    }
    for fields in [
        "X: a\rb\r\n",
        "X: a\x00b\r\n",
        "X: a\x0bb\x07\r\n",
        "X: a\r\n b\r\n",
        "X: a\r\n\tTransfer-Encoding: chunked\r\n",
        "No colon\r\n",
        "\r: y\r\n",
        "(X): y\r\n",
    ] {
        attacks.push((fields, refused(400, get("GET /x HTTP/1.1", &format!("Host: ~\r\n{fields}")))));
    }
    for (begin, fields) in [("\r\n", "X: y\r\n"), ("\n", "X: y\r\n"), ("", "X: a\nY: b\r\n"), ("", "X:\r\n")]
    {
        let bytes = format!("{begin}{}", get("GET /x HTTP/1.1", &format!("Host: ~\r\n{fields}")));
        attacks.push((fields, in_turn(&["GET /x", "GET /smuggled"], bytes)));
    }
    scene.withstands(attacks).await;
}

#[tokio::test]
async fn floods_of_fields_and_long_heads() {
    let scene = Scene::new().await;
    let fields = |count: usize| (0..count).map(|at| format!("X-{at}: y\r\n")).collect::<String>();
    let many = get("GET /x HTTP/1.1", &format!("Host: ~\r\n{}", fields(5_000)));
    let endless = get("GET /x HTTP/1.1", &format!("Host: ~\r\nX: {}\r\n", "y".repeat(1_000_000)));
    let line = get(&format!("GET /{} HTTP/1.1", "y".repeat(1_000_000)), "Host: ~\r\n");
    let said = [
        scene.say(many.as_bytes()).await,
        scene.say(endless.as_bytes()).await,
        scene.say(line.as_bytes()).await,
    ];
    for said in said {
        // Who is cut off while sending may not read why.
        let answers = super::statuses(&said);
        assert!(answers.is_empty() || answers == [431], "{said}");
    }
    assert!(scene.tap.heard().is_empty());
    // What can be read to its end is refused, and the next request is one of its own.
    let next = |status| Attack {
        bytes: vec![],
        answers: vec![status, 200, 200],
        heard: vec!["GET /smuggled", "GET /next"],
    };
    let hundred = get("GET /x HTTP/1.1", &format!("Host: ~\r\n{}", fields(100)));
    let large = get("GET /x HTTP/1.1", &format!("Host: ~\r\nX: {}\r\n", "y".repeat(40_000)));
    let target = get(&format!("GET /{} HTTP/1.1", "y".repeat(20_000)), "Host: ~\r\n");
    scene
        .withstands(vec![
            ("fields", Attack { bytes: hundred.into(), ..next(431) }),
            ("a field", Attack { bytes: large.into(), ..next(431) }),
            ("a target", Attack { bytes: target.into(), ..next(414) }),
        ])
        .await;
}

#[tokio::test]
async fn connection_takes_away_nothing_that_is_ours_to_say() {
    let scene = Scene::new().await;
    let named = "close, partywall-context, partywall-proof, partywall-tenant, partywall-request-id, x-forwarded-for, \
                 x-forwarded-host, x-forwarded-proto, forwarded, via, host, content-length, transfer-encoding, x-named";
    let head = format!(
        "POST /x HTTP/1.1\r\nHost: ~\r\nConnection: {named}\r\nConnection: x-also\r\nX-Named: 1\r\nX-Also: 1\r\n\
         X-Kept: 1\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\n\
         Content-Length: 3\r\n\r\nabc"
    );
    let said = scene.say(head.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    let heard = scene.only();
    for ours in [
        "partywall-context",
        "partywall-proof",
        "partywall-tenant",
        "partywall-request-id",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "via",
        "host",
        "content-length",
        "x-kept",
    ] {
        assert_eq!(heard.all(ours).len(), 1, "{ours}: {heard:?}");
    }
    for gone in ["x-named", "x-also", "keep-alive", "proxy-connection", "proxy-authorization", "connection"] {
        assert!(heard.all(gone).is_empty(), "{gone}: {heard:?}");
    }
    assert_eq!(heard.body, b"abc");
}
