//! Routes that look into bodies (ledger H06, H07): what expressions and screens see there, what they refuse because it
//! can be read in two ways, and that it goes on as it came.

use crate::{
    deciding::{fronts, said},
    house::{ACME, BETA, House},
    wire::{Ask, ask},
};
use bytes::Bytes;
use gateway::Sample;
use http::{HeaderMap, Request};
use std::net::IpAddr;

const ROUTES: &str = r#"[
    {"name": "orders", "host": "*.base.test", "path": "/orders", "audience": "api",
     "reads_body": ["json", "form"], "body_read": 512, "policies": {
       "limits": [{"name": "large", "window": 86400, "limit": 1,
                   "when": "has(body.total) && body.total > 1000 || 'total' in form && int(form.total) > 1000"}],
       "request_headers": [{"set": "X-Kind", "expression": "body.lines[0].kind"},
                           {"set": "X-Field", "expression": "form.kind"}],
       "rewrite": {"path": "has(body.fast) && body.fast ? '/fast' : rest"}}},
    {"name": "imports", "host": "*.base.test", "path": "/jobs", "audience": "api", "when": "body.job == 'import'",
     "reads_body": ["json"], "policies": {"request_headers": [{"set": "X-Route", "value": "imports"}]}},
    {"name": "jobs", "host": "*.base.test", "path": "/jobs", "audience": "api"},
    {"name": "found", "host": "api.base.test", "audience": "api", "credentials": ["api_key"],
     "map_by": ["expression"], "tenant": "body.order.org.lowerAscii()", "reads_body": ["json"]},
    {"name": "rest", "host": "*.base.test", "audience": "api"}
]"#;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn send(target: &str, cookie: &str, kind: &str, body: impl Into<Bytes>) -> Ask {
    ask("POST", "acme.base.test", target).with("cookie", cookie).with("content-type", kind).body(body)
}

#[tokio::test]
async fn expressions_see_what_a_body_says_and_it_goes_on_unchanged() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let json = "{ \"lines\" :[{\"kind\":\"bo\\u0061t\"}],\n\"total\": 10.50, \"fast\":true }\n";
    for over_h2 in [false, true] {
        let ask = send("/orders/x", &carol, "application/json; charset=UTF-8", json);
        let told = if over_h2 { ask.at_h2(house.address).await } else { ask.at(house.address).await };
        assert_eq!(told.echoed()["body"], json, "byte for byte");
        assert_eq!((told.target().as_str(), told.got("x-kind")), ("/fast", vec!["boat".to_owned()]));
    }
    let form = "kind=a%20b+c&total=7&tags=1&tags=2";
    let told = send("/orders/x", &carol, FORM, form).at(house.address).await;
    assert_eq!((told.echoed()["body"].as_str(), told.got("x-field")), (Some(form), vec!["a b c".to_owned()]));
    assert_eq!(told.target(), "/orders/x");
    let bare = ask("GET", "acme.base.test", "/orders/x").with("cookie", &carol).at(house.address).await;
    assert_eq!(bare.status, 200, "who sends no body says nothing by it");
    let mut large = Vec::new();
    for (kind, body) in [(JSON, r#"{"total":1001}"#), (FORM, "total=2000"), (JSON, r#"{"total":5}"#)] {
        large.push(send("/orders/x", &carol, kind, body).at(house.address).await.status.as_u16());
    }
    assert_eq!(large, [200, 429, 200], "only large orders are counted, in either form");
}

#[tokio::test]
async fn nobody_gets_around_a_policy_by_how_a_body_is_written() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let long = format!(r#"{{"x":"{}","total":2000}}"#, "x".repeat(600));
    for (kind, body, status, code) in [
        ("text/plain", r#"{"total":2000}"#, 415, "request.body-type"),
        ("application/json; charset=utf-7", r#"{"total":2000}"#, 415, "request.body-type"),
        ("application/json; charset=ibm037", r#"{"total":2000}"#, 415, "request.body-type"),
        ("multipart/form-data; boundary=x", "--x", 415, "request.body-type"),
        (JSON, r#"{"total":1,"total":2000}"#, 400, "request.body-unreadable"),
        (JSON, r#"{"total":1,"t\u006ftal":2000}"#, 400, "request.body-unreadable"),
        (JSON, r#"{"total":1,"Total":2000}"#, 400, "request.body-unreadable"),
        (JSON, r#"{"TOTAL":2000}"#, 400, "request.expression"),
        (JSON, "{\"tota\u{0}l\":1} {\"total\":2000}", 400, "request.body-unreadable"),
        (JSON, "\u{feff}{\"total\":2000}", 400, "request.body-unreadable"),
        (JSON, r#"{"total":2000"#, 400, "request.body-unreadable"),
        (JSON, &long, 413, "request.too-large"),
        (FORM, "total=1&total=2000", 400, "request.expression"),
        (FORM, "total=1&t%6ftal=2000", 400, "request.expression"),
        (FORM, "Total=2000", 400, "request.expression"),
        (FORM, "total[]=2000", 400, "request.expression"),
        (FORM, "x=%zz&total=2000", 400, "request.body-unreadable"),
    ] {
        let told = send("/orders/x", &carol, kind, body.to_owned()).at(house.address).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (status, code), "{kind} {body:.60}");
    }
    let packed = send("/orders/x", &carol, JSON, r#"{"total":2000}"#).with("content-encoding", "gzip");
    assert_eq!(packed.at(house.address).await.code(), "request.body-type");
    let stranger = send("/orders/x", "", JSON, long).at(house.address).await;
    assert_eq!(stranger.status, 401, "a stranger's body is not read to decide that");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_body_chooses_among_the_routes_of_a_path() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let told = send("/jobs", &carol, JSON, r#"{"job":"import"}"#).at(house.address).await;
    assert_eq!(told.got("x-route"), ["imports"]);
    for body in [r#"{"job":"export"}"#, "{}", ""] {
        let told = send("/jobs", &carol, JSON, body).at(house.address).await;
        assert_eq!((told.got("x-route"), told.echoed()["body"].as_str()), (vec![], Some(body)));
    }
    let told = send("/jobs", &carol, "text/plain", r#"{"job":"import"}"#).at(house.address).await;
    assert_eq!(told.code(), "request.body-type", "nobody chooses by saying it is something else");
    let large = vec![b'x'; 3 << 20];
    let told = send("/upload", &carol, "text/plain", large).at(house.address).await;
    assert_eq!(told.status, 200, "where no route asks, nothing is held");
}

#[tokio::test]
async fn what_a_body_says_must_agree_with_the_credential() {
    let house = House::routed(ROUTES).await;
    let key = format!("Bearer {}", house.key_of(ACME, |_| {}));
    let send = |body: &'static str| {
        let ask = ask("POST", "api.base.test", "/x").with("authorization", &key);
        ask.with("content-type", JSON).body(body)
    };
    let told = send(r#"{"order":{"org":"ACME"}}"#).at(house.address).await;
    assert_eq!(told.got("partywall-tenant"), [ACME.to_string()]);
    let told = send(r#"{"order":{"org":"beta"}}"#).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"));
    assert!(house.refused().iter().any(|attempt| attempt.at == BETA), "{:?}", house.refused());
    assert_eq!(send(r#"{"order":{}}"#).at(house.address).await.code(), "tenant.unnamed");
    assert_eq!(house.backend.hits(), 1);
}

#[tokio::test]
async fn a_route_says_what_its_expressions_read() {
    let house = House::new().await;
    let faults = |route: &str| {
        let routes = format!(r#"[{{"name": "a", "host": "*.base.test", "audience": "api", {route}}}]"#);
        let faults = house.gateway.check_routes(&routes).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let limit = |when: &str| {
        format!(r#""policies": {{"limits": [{{"name": "l", "window": 60, "limit": 1, "when": "{when}"}}]}}"#)
    };
    for (route, told) in [
        (limit("body.a == 1"), "reads_body: must hold `json`"),
        (format!(r#""reads_body": ["json"], {}"#, limit("form.a == '1'")), "reads_body: must hold `form`"),
        (r#""when": "body.a == 1""#.to_owned(), "reads_body: must hold `json`"),
        (r#""policies": {"screen": {"when": "form.a == 'b'"}}"#.to_owned(), "reads_body: must hold `form`"),
        (r#""reads_body": ["json"], "body_read": 2000000"#.to_owned(), "body_read: must be 1 to"),
        (r#""reads_body": ["xml"]"#.to_owned(), "unknown variant `xml`"),
    ] {
        assert!(faults(&route).contains(told), "{route}: {}", faults(&route));
    }
    assert_eq!(faults(&format!(r#""reads_body": ["json"], {}"#, limit("body.a == 1"))), "");
}

const SCREENED: &str = r#"[
    {"name": "whole", "host": "*.base.test", "path": "/whole", "audience": "api", "open": true, "body_read": 256,
     "policies": {"screen": {"attacks": {"bodies": "whole", "except_parameters": ["code"]}}}},
    {"name": "begin", "host": "*.base.test", "path": "/begin", "audience": "api", "open": true, "body_read": 256,
     "policies": {"screen": {"attacks": {"bodies": "begin"}}}},
    {"name": "detects", "host": "*.base.test", "path": "/detects", "audience": "api", "open": true,
     "body_read": 256, "policies": {"screen": {"attacks": {"bodies": "whole", "mode": "detect"}}}},
    {"name": "rest", "host": "*.base.test", "audience": "api", "open": true}
]"#;

#[tokio::test]
async fn an_attack_in_a_body_is_blocked_or_only_counted() {
    let house = House::routed(SCREENED).await;
    let send = async |target: &str, kind: &str, body: &str| {
        send(target, "", kind, body.to_owned()).at(house.address).await
    };
    let parts = "--b\r\ncontent-disposition: form-data; name=\"q\"\r\n\r\n' or 1=1--\r\n--b--\r\n";
    for (kind, body) in [
        (JSON, r#"{"a":[{"q":"' or 1=1--"}]}"#),
        (JSON, r#"{"a":"\u0027 or 1=1--"}"#),
        (JSON, r#"{"' or 1=1--":1}"#),
        (JSON, r#"{"a":1,"a":"' or 1=1--"}"#),
        (JSON, "{'a': '<script>alert(1)</script>',}"),
        (FORM, "a=1&q=%2527+or+1%3d1--"),
        ("multipart/form-data; boundary=b", parts),
        ("text/plain", "<script>alert(1)</script>"),
        ("", "<script>alert(1)</script>"),
    ] {
        let told = send("/whole", kind, body).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (400, "request.attack"), "{kind} {body}");
        assert!(!told.text().contains("1=1"), "the value is not said: {}", told.text());
        assert_eq!(send("/detects", kind, body).await.echoed()["body"], body, "{kind} {body}");
        assert_eq!(send("/rest", kind, body).await.status, 200);
    }
    assert_eq!(house.gateway.screened(), (9, 9));
    for (kind, body) in [
        (JSON, r#"{"name":"O'Brien","note":"select a drink from the menu","code":"<script>"}"#),
        (FORM, "name=O%27Brien&code=%3Cscript%3E"),
        ("image/png", "<script>alert(1)</script>"),
        (JSON, ""),
    ] {
        assert_eq!(send("/whole", kind, body).await.echoed()["body"], body, "{kind} {body}");
    }
}

#[tokio::test]
async fn a_body_is_looked_into_so_far_and_what_follows_is_held_by_nobody() {
    let house = House::routed(SCREENED).await;
    let padded = |attack: &str| format!(r#"{{"x":"{}","q":"{attack}"}}"#, "x".repeat(300_000));
    let body = padded("' or 1=1--");
    let ask = async |target: &str| send(target, "", JSON, body.clone()).at(house.address).await;
    let told = ask("/whole").await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (413, "request.too-large"));
    for target in ["/begin", "/detects"] {
        let told = send(target, "", JSON, body.clone()).at_h2(house.address).await;
        assert_eq!(told.echoed()["body"], body, "{target}");
        assert_eq!(ask(target).await.echoed()["body"], body, "{target}");
    }
    assert_eq!(house.gateway.screened(), (2, 1), "that it is too long to be seen whole is said");
    let packed = send("/whole", "", JSON, "{}").with("content-encoding", "gzip").at(house.address).await;
    assert_eq!(packed.code(), "request.body-type", "what cannot be seen is not let through");
}

#[tokio::test]
async fn the_tester_looks_into_a_sample_s_body() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let tried = async |kind: &str, body: &'static str| {
        let headers = HeaderMap::from_iter([
            (http::header::COOKIE, carol.parse().unwrap()),
            (http::header::CONTENT_TYPE, kind.parse().unwrap()),
        ]);
        let uri = "http://acme.base.test/orders/x".parse().unwrap();
        let sample = Sample {
            method: "POST".parse().unwrap(),
            uri,
            headers,
            address: [127, 0, 0, 1].into(),
            body: body.into(),
        };
        house.gateway.rehearse(sample, None).await.unwrap()
    };
    let said = tried(JSON, r#"{"total":2000,"lines":[{"kind":"x"}]}"#).await;
    let step = |name| said.steps.iter().find(|step| step.step == name).map(|step| step.how.as_str());
    assert_eq!((said.status, step("body")), (None, Some("JSON, of 37 bytes, all of them read")));
    assert!(said.steps.iter().any(|step| step.how.contains("is \"x\"")), "{said:?}");
    assert_eq!(tried(JSON, r#"{"a":1,"A":2}"#).await.code, Some("request.body-unreadable"));
    assert_eq!(tried("text/plain", "x").await.code, Some("request.body-type"));
}

#[tokio::test]
async fn a_proxy_that_only_asks_cannot_have_bodies_looked_into() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let from = IpAddr::from([10, 0, 0, 1]);
    for (target, status) in [("/orders/x", 503), ("/jobs", 503), ("/rest", 200)] {
        let (path, fields) = said("caddy", "GET", target, "acme.base.test");
        let mut request = Request::builder().uri(path).header("cookie", &carol);
        for (name, value) in fields {
            request = request.header(name, value);
        }
        let request = request.body(http_body_util::Empty::<Bytes>::new()).unwrap();
        let told = house.gateway.answer_front(request, from, &fronts()).await;
        assert_eq!(told.status(), status, "{target}");
    }
}
