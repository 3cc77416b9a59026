//! Which tenant a request is for, as its body says (ledger A15).

use crate::{
    house::{ACME, BETA, House},
    wire::{ask, raw},
};
use bytes::Bytes;

const ROUTES: &str = r#"[
    {"name": "json", "host": "json.base.test", "map_by": ["body"], "audience": "api",
     "body": {"pointer": "/order/tenant"}, "body_read": 256},
    {"name": "form", "host": "form.base.test", "map_by": ["body"], "audience": "api",
     "body": {"field": "tenant"}},
    {"name": "both", "host": "*.base.test", "map_by": ["host", "body"], "audience": "api",
     "body": {"pointer": "/tenant"}}
]"#;

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_text_in_the_body_names_the_tenant_and_the_body_goes_on_unchanged() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    let json = "{ \"lines\" : [1, 2.50, \"\\u00e6\"],\n \"order\":{\"tenant\":\"acme\"} }\n";
    let form = "a=b&tenant=acme&c=%20+d";
    for (host, kind, body) in [("json.base.test", JSON, json), ("form.base.test", FORM, form)] {
        let send = || ask("POST", host, "/x").with("cookie", &carol).with(kind.0, kind.1).body(body);
        let told = send().at(house.address).await;
        assert_eq!(told.got("partywall-tenant"), [ACME.to_string()], "{}", told.text());
        assert_eq!(told.echoed()["body"], body, "byte for byte");
        let told = send().at_h2(house.address).await;
        assert_eq!(told.echoed()["body"], body, "over HTTP/2");
        let head = format!(
            "POST /x HTTP/1.1\r\nhost: {host}\r\ncookie: {carol}\r\n{}: {}\r\ntransfer-encoding: chunked\r\n\
             connection: close\r\n\r\n",
            kind.0, kind.1
        );
        let (first, second) = body.split_at(9);
        let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
        let told = raw(house.address, format!("{head}{chunks}").as_bytes()).await;
        let said = told.split("\r\n\r\n").nth(1).unwrap_or_default();
        let said: serde_json::Value = serde_json::from_str(said).unwrap_or_else(|_| panic!("{told}"));
        assert_eq!(said["body"], body, "in chunks");
    }
}

#[tokio::test]
async fn what_names_nobody_or_is_too_long_or_can_be_read_in_two_ways_reaches_no_backend() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_on_shared(ACME);
    let late = format!(r#"{{"lines":"{}","order":{{"tenant":"acme"}}}}"#, "x".repeat(300));
    let early = format!(r#"{{"order":{{"tenant":"acme"}},"lines":"{}"}}"#, "x".repeat(300));
    let acme = r#"{"order":{"tenant":"acme"}}"#;
    for (host, kind, body, status, code) in [
        ("json.base.test", JSON, late.as_str(), 413, "request.too-large"),
        ("json.base.test", JSON, &early, 413, "request.too-large"),
        ("json.base.test", JSON, r#"{"order":{}}"#, 400, "tenant.unnamed"),
        ("json.base.test", JSON, r#"{"order":{"tenant":["acme"]}}"#, 400, "tenant.unnamed"),
        ("json.base.test", JSON, r#"{"order":{"tenant":"nosuch"}}"#, 403, "tenant.unknown"),
        (
            "json.base.test",
            JSON,
            r#"{"order":{"tenant":"acme","tenant":"beta"}}"#,
            400,
            "request.body-unreadable",
        ),
        ("json.base.test", JSON, r#"{"order":{"tenant":"acme"},"Order":{}}"#, 400, "request.body-unreadable"),
        ("json.base.test", JSON, r#"{"order":"#, 400, "request.body-unreadable"),
        ("json.base.test", FORM, acme, 415, "request.body-type"),
        ("json.base.test", ("content-type", "text/plain"), acme, 415, "request.body-type"),
        ("form.base.test", JSON, "tenant=acme", 415, "request.body-type"),
        ("form.base.test", FORM, "tenant=acme&t%65nant=beta", 403, "tenant.unknown"),
        ("form.base.test", FORM, "tenants=acme", 400, "tenant.unnamed"),
        ("json.base.test", JSON, "", 400, "tenant.unnamed"),
    ] {
        let send = ask("POST", host, "/x").with("cookie", &carol).with(kind.0, kind.1);
        let told = send.body(Bytes::copy_from_slice(body.as_bytes())).at(house.address).await;
        assert_eq!((told.status.as_u16(), told.code().as_str()), (status, code), "{host} {body}");
    }
    let packed = ask("POST", "json.base.test", "/x").with(JSON.0, JSON.1).with("content-encoding", "gzip");
    assert_eq!(packed.body(acme).at(house.address).await.code(), "request.body-type");
    let stranger =
        ask("POST", "json.base.test", "/x").with(JSON.0, JSON.1).body(acme).at(house.address).await;
    assert_eq!(stranger.status, 401, "naming a tenant grants nothing");
    assert_eq!(house.backend.hits(), 0);
}

#[tokio::test]
async fn a_body_that_names_another_tenant_than_the_host_is_refused_and_recorded() {
    let house = House::routed(ROUTES).await;
    let carol = house.carol_at(ACME);
    let send = |body: &'static str| {
        ask("POST", "acme.base.test", "/x").with("cookie", &carol).with(JSON.0, JSON.1).body(body)
    };
    assert_eq!(send(r#"{"tenant":"acme"}"#).at(house.address).await.status, 200);
    let told = send(r#"{"tenant":"beta"}"#).at(house.address).await;
    assert_eq!((told.status.as_u16(), told.code().as_str()), (403, "tenant.unknown"));
    let seen = house.refused();
    assert!(seen.iter().any(|attempt| attempt.from == Some(ACME) && attempt.at == BETA), "{seen:?}");
    assert_eq!(house.backend.hits(), 1);
}
