//! API keys that are exchanged for tokens of a few minutes, through the binary (ledger E07).

use super::keys::{Desk, call_at, text};
use crate::town::{Engine, Node, SHARED, Town};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use demo::client::{Ask, Browser};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The host at which only tokens are taken.
const API: &str = "calls.partywall.localhost";
const CONTOSO: &str = "contoso.partywall.localhost";

fn tokens_only() -> Value {
    json!([
        { "name": "tenants", "host": "*.partywall.localhost", "credentials": ["session", "token", "api_key"] },
        { "name": "shared", "host": SHARED, "path": "/t", "map_by": ["path"] },
        { "name": "calls", "host": API, "map_by": ["token"], "audience": "api", "credentials": ["token"] },
        { "name": "reports", "host": API, "path": "/reports", "map_by": ["token"], "audience": "api",
          "credentials": ["token"], "scopes": ["surveys.read"] },
    ])
}

/// Exchanges a key as `curl -u subscriber:key` does.
async fn exchange(town: &Town, host: &str, path: &str, secret: (&str, &str), form: &str) -> (u16, Value) {
    let basic = BASE64_STANDARD.encode(format!("{}:{}", secret.0, secret.1));
    let port = town.node.port;
    let ask = Ask::post(&format!("http://127.0.0.1:{port}{path}"), form)
        .with("host", &format!("{host}:{port}"))
        .with("authorization", &format!("Basic {basic}"));
    let page = Browser::new().send(&ask).await.expect("the node answers");
    (page.status.as_u16(), page.json().unwrap_or(Value::Null))
}

async fn a_key_and_its_token(engine: Engine) {
    let town = Town::build_with(engine, &["tokens.life=5s"]).await;
    let mut desk = Desk::routed(&town, &tokens_only()).await;
    let port = town.node.port;
    let scopes = json!(["surveys.read", "surveys.write"]);
    for kind in ["random", "signed"] {
        let made = desk.make(&town, json!({ "kind": kind, "scopes": scopes })).await;
        let (key, partner) = (text(&made["secret"]), desk.partner.clone());
        // The key itself is told what to do.
        let hint = town
            .eventually(async || {
                let (status, told) = call_at(&town, port, API, "/", &key).await;
                (status == 401 && told["code"] == "key.exchange-needed").then_some(told)
            })
            .await;
        assert!(hint["title"].as_str().is_some_and(|title| title.contains("exchanged")), "{hint}");
        let form = "grant_type=client_credentials&scope=surveys.read";
        let (status, token) = exchange(&town, CONTOSO, "/.partywall/token", (&partner, &key), form).await;
        assert_eq!(
            (status, &token["scope"], &token["expires_in"]),
            (200, &json!("surveys.read"), &json!(5)),
            "{token}"
        );
        let begun = Instant::now();
        let token = text(&token["access_token"]);
        let (status, seen) = call_at(&town, port, API, "/reports/1", &token).await;
        assert_eq!(status, 200, "{kind}: {seen}");
        assert_eq!(seen["headers"]["partywall-subscriber"], partner.as_str());
        assert_eq!(seen["headers"]["partywall-scopes"], "surveys.read");
        assert!(!seen.to_string().contains(&token), "the backend could use it here");
        // Where tenants share a host, the address says which.
        let shared = format!("/.partywall/token?tenant={}", town.contoso);
        assert_eq!(exchange(&town, SHARED, &shared, (&partner, &key), form).await.0, 200);
        // Another organisation's address takes neither the key nor the token, and both trails say so.
        let fabrikam = "fabrikam.partywall.localhost";
        let (status, refused) = exchange(&town, fabrikam, "/.partywall/token", (&partner, &key), form).await;
        assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")));
        let hits = town.backend.hits();
        assert_eq!(call_at(&town, port, fabrikam, "/", &token).await.0, 403);
        assert_eq!(town.backend.hits(), hits);
        // It dies after its life, to the second.
        let told = town
            .eventually(async || {
                let (status, told) = call_at(&town, port, API, "/", &token).await;
                (status == 401).then_some(told)
            })
            .await;
        assert_eq!(told["code"], "bearer.expired");
        assert!(begun.elapsed() >= Duration::from_secs(3), "it lived for {:?}", begun.elapsed());
        assert!(!town.node.output().contains(&token[..60]), "the log holds a token");
        assert!(!town.node.output().contains(&key[..30]), "the log holds a key");
    }
    let trail = town.node.run(&["audit", "list", "--action", "security.cross-tenant"]);
    assert!(trail["items"].as_array().is_some_and(|lines| lines.len() >= 4), "{trail}");
    // The organisation may say that its keys are for exchanging only.
    let key = text(&desk.make(&town, json!({ "scopes": scopes })).await["secret"]);
    assert_eq!(call_at(&town, port, CONTOSO, "/", &key).await.0, 200);
    let settings = format!("/v1/tenants/{}/settings", town.contoso);
    let body = json!({ "exchanges_keys": true });
    let (status, changed) = desk.alice.api(&town, Method::PATCH, &settings, body).await;
    assert_eq!((status, &changed["exchanges_keys"]), (200, &json!(true)));
    let (status, told) = call_at(&town, port, CONTOSO, "/", &key).await;
    assert_eq!((status, &told["code"]), (401, &json!("key.exchange-needed")));
    let form = "grant_type=client_credentials";
    let (_, token) = exchange(&town, CONTOSO, "/.partywall/token", (&desk.partner, &key), form).await;
    assert_eq!(call_at(&town, port, CONTOSO, "/", &text(&token["access_token"])).await.0, 200);
}

#[tokio::test]
async fn a_key_is_exchanged_and_its_token_dies_after_its_life_on_sqlite() {
    a_key_and_its_token(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_key_is_exchanged_and_its_token_dies_after_its_life_on_postgresql() {
    a_key_and_its_token(Engine::Postgres).await;
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_its_tokens_on_every_node_within_seconds() {
    let town = Town::build(Engine::Postgres).await;
    let mut desk = Desk::routed(&town, &tokens_only()).await;
    // Both are one installation to the outside, and issue under one name.
    let port = format!("public.port={}", town.node.port);
    let second = Node::start(town.folder.path(), &town.database, &[&port]).await;
    for kind in ["random", "signed"] {
        let made = desk.make(&town, json!({ "kind": kind })).await;
        let (key, form) = (text(&made["secret"]), "grant_type=client_credentials");
        let (status, token) =
            exchange(&town, CONTOSO, "/.partywall/token", (&desk.partner, &key), form).await;
        assert_eq!(status, 200, "{token}");
        let token = text(&token["access_token"]);
        for port in [town.node.port, second.port] {
            town.eventually(async || (call_at(&town, port, API, "/", &token).await.0 == 200).then_some(()))
                .await;
        }
        desk.revoke(&town, &made).await;
        let revoked = Instant::now();
        for port in [town.node.port, second.port] {
            let mut told = call_at(&town, port, API, "/", &token).await;
            while told.0 != 401 {
                assert!(revoked.elapsed() < Duration::from_secs(5), "{kind} still opens node {port}");
                told = call_at(&town, port, API, "/", &token).await;
            }
            assert_eq!(told.1["code"], "bearer.ended");
        }
    }
}
