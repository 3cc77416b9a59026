//! A route looks into bodies, from the operator who tries it out to the requests that it decides (ledger H06).

use crate::town::{Engine, Town};
use demo::client::{Ask, Browser};
use http::Method;
use serde_json::json;

const HOST: &str = "contoso.partywall.localhost";

/// What a client is answered that sends this to the path, without a credential.
async fn status(town: &Town, path: &str, kind: &str, body: &str) -> u16 {
    let address = format!("http://127.0.0.1:{}{path}", town.node.port);
    let ask = Ask { method: Method::POST, body: body.to_owned().into(), ..Ask::get(&address) }
        .with("host", &format!("{HOST}:{}", town.node.port))
        .with("content-type", kind);
    Browser::new().send(&ask).await.expect("the gateway answers").status.as_u16()
}

#[tokio::test]
async fn a_body_decides_in_the_tester_and_live() {
    let town = Town::build(Engine::Sqlite).await;
    let routes = json!([
        { "name": "hooks", "host": "*.partywall.localhost", "path": "/hooks", "audience": "api", "open": true,
          "reads_body": ["json"], "body_read": 1024, "policies": {
            "limits": [{ "name": "bulk", "window": 86_400, "limit": 1, "when": "body.count > 100" }],
            "screen": { "attacks": { "bodies": "whole" } } } },
        { "name": "rest", "host": "*.partywall.localhost" },
    ]);
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes.to_string()).expect("the folder can be written");
    let file = file.to_str().expect("a plain path");
    let url = format!("{}/hooks/a", town.node.origin("contoso"));
    let json = "application/json";
    let cases = [
        (json, r#"{"count": 1000}"#, 200),
        ("text/plain", r#"{"count": 1000}"#, 415),
        (json, r#"{"count": 1, "Count": 1000}"#, 400),
        (json, r#"{"note": "' or 1=1--"}"#, 400),
    ];
    for (kind, body, expected) in cases {
        let field = format!("content-type: {kind}");
        let tried = ["route", "test", "--method", "POST", "--url", &url, "--header", &field, "--body", body];
        let said = town.node.run(&[&tried[..], &["--routes", file]].concat());
        assert_eq!(said["status"].as_u64().unwrap_or(200), expected, "{body}: {said}");
        let steps = said["steps"].to_string();
        assert_eq!(steps.contains("`policies.limits.when` is true"), expected == 200, "{steps}");
    }
    town.node.run(&["route", "put", file]);
    town.eventually(async || (status(&town, "/hooks/a", "text/plain", "x").await == 415).then_some(())).await;
    for (kind, body, expected) in cases {
        assert_eq!(u64::from(status(&town, "/hooks/a", kind, body).await), expected, "{kind} {body}");
    }
    assert_eq!(status(&town, "/hooks/a", json, r#"{"count": 101}"#).await, 429);
    assert_eq!(status(&town, "/hooks/a", json, r#"{"count": 1}"#).await, 200);
}
