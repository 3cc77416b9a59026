//! Ten attempts to cross from one tenant into another: ten events, and an alert (ledger I04).

use crate::town::{Engine, Town};
use http::Method;
use serde_json::Value;

/// The lines of a list with this action.
fn lines(list: &Value, action: &str) -> Vec<Value> {
    let all = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    all.iter().filter(|line| line["action"] == action).cloned().collect()
}

async fn ten_attempts(engine: Engine) {
    let town = Town::build(engine).await;
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    for _ in 0..10 {
        let path = format!("/v1/tenants/{}/members", town.contoso);
        let (status, refused) = bob.api(&town, Method::GET, &path, Value::Null).await;
        assert_eq!(status, 403, "{refused}");
    }
    // The operator sees who tried what, and the alert.
    let house = town
        .eventually(async || {
            let list = town.node.run(&["audit", "list"]);
            (lines(&list, "security.alert").len() >= 2).then_some(list)
        })
        .await;
    let tried = lines(&house, "security.cross-tenant");
    assert_eq!(tried.len(), 10, "{tried:#?}");
    assert!(tried.iter().all(|line| line["target"] == town.contoso.as_str()), "{tried:#?}");
    let actor = tried[0]["actor"].as_str().expect("an actor").to_owned();
    assert!(actor.starts_with("usr_") && tried.iter().all(|line| line["actor"] == actor), "{tried:#?}");
    let alerts = lines(&house, "security.alert");
    let about: Vec<&str> = alerts.iter().filter_map(|line| line["target"].as_str()).collect();
    assert!(about.contains(&town.contoso.as_str()) && about.contains(&actor.as_str()), "{alerts:#?}");
    let metrics = town.node.private("/metrics").await.1;
    assert!(metrics.contains("partywall_security_alerts_total 2\n"), "{metrics}");
    assert!(metrics.contains("partywall_cross_tenant_refused_total 10\n"), "{metrics}");

    // Contoso's admin sees the same, and nothing of Fabrikam; Fabrikam's sees nothing of Contoso.
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let own = format!("/v1/tenants/{}/audit", town.contoso);
    let (_, trail) = alice.api(&town, Method::GET, &own, Value::Null).await;
    assert_eq!(lines(&trail, "security.cross-tenant").len(), 10);
    assert_eq!(lines(&trail, "security.alert").len(), 1);
    assert!(!trail.to_string().contains(&town.fabrikam), "a tenant learns of no other: {trail}");
    let front = alice.browser.get(&format!("{}/t/{}", town.node.origin("console"), town.contoso)).await;
    assert!(front.expect("the console answers").body.contains("1 security alert"));
    let others = format!("/v1/tenants/{}/audit", town.fabrikam);
    let (_, trail) = bob.api(&town, Method::GET, &others, Value::Null).await;
    assert!(lines(&trail, "security.alert").is_empty() && !trail.to_string().contains(&town.contoso));
}

#[tokio::test]
async fn ten_attempts_are_ten_events_and_an_alert_on_sqlite() {
    ten_attempts(Engine::Sqlite).await;
}

#[tokio::test]
async fn ten_attempts_are_ten_events_and_an_alert_on_postgresql() {
    ten_attempts(Engine::Postgres).await;
}
