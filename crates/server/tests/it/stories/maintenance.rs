//! A tenant whose application is being worked on (ledger D23).

use crate::town::{Engine, Node, Town};
use demo::client::{Ask, Browser, Page};
use http::Method;
use serde_json::{Value, json};

/// What somebody who reads `accept` sees at this tenant's host of the node at `port`.
async fn at(town: &Town, port: u16, slug: &str, accept: &str) -> Page {
    let ask = Ask::get(&format!("http://127.0.0.1:{port}/deep/link?x=1"))
        .with("host", &format!("{slug}.partywall.localhost:{}", town.node.port))
        .with("accept", accept);
    Browser::new().send(&ask).await.expect("the gateway answers")
}

async fn a_tenant_in_maintenance(engine: Engine) {
    let town = Town::build(engine).await;
    let second = match engine {
        Engine::Postgres => Some(Node::start(town.folder.path(), &town.database, &[]).await),
        Engine::Sqlite => None,
    };
    let address = format!("{}/deep/link?x=1", town.node.origin("contoso"));
    let (mut aaron, _) = town.visit("aaron@contoso.test", &address).await;
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let path = format!("/v1/tenants/{}/maintenance", town.contoso);
    let (status, answer) = alice.api(&town, Method::PUT, &path, json!({ "seconds": 600 })).await;
    assert_eq!(status, 204, "{answer}");
    // A program is told, in the answer and in its header, when to come back; aaron's session is no exception.
    let page = at(&town, town.node.port, "contoso", "application/json").await;
    let problem = page.json().unwrap_or(Value::Null);
    assert_eq!(
        (page.status.as_u16(), &problem["code"]),
        (503, &json!("tenant.maintenance")),
        "{}",
        page.body
    );
    let seconds: u64 = page.headers["retry-after"].to_str().expect("a number").parse().expect("a number");
    assert!((500..=600).contains(&seconds), "{seconds}");
    assert_eq!(aaron.echo(&address).await.0, 503);
    // A browser gets a page in contoso's name that asks for the same address again, without a script.
    let page = aaron.browser.get(&address).await.expect("the gateway answers");
    assert_eq!((page.status.as_u16(), page.url.path()), (503, "/deep/link"));
    for text in ["Contoso", r#"<meta http-equiv="refresh" content="30">"#] {
        assert!(page.body.contains(text), "{text} is not in {}", page.body);
    }
    if let Some(second) = &second {
        town.eventually(async || {
            (at(&town, second.port, "contoso", "application/json").await.status == 503).then_some(())
        })
        .await;
    }
    // Fabrikam notices nothing, and contoso's people can still sign in: they come to the same page.
    assert_eq!(at(&town, town.node.port, "fabrikam", "application/json").await.status, 401);
    town.at_console("alice@contoso.test", &town.contoso).await;
    // The console stays open, so that it can be ended; whoever asks again is where they wanted to go.
    let (status, _) = alice.api(&town, Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, 204);
    let (status, seen) = aaron.echo(&address).await;
    assert_eq!((status, &seen["path"]), (200, &json!("/deep/link?x=1")), "{seen}");
}

#[tokio::test]
async fn a_tenant_in_maintenance_comes_back_by_itself_and_others_notice_nothing_on_sqlite() {
    a_tenant_in_maintenance(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_tenant_in_maintenance_comes_back_by_itself_and_others_notice_nothing_on_postgresql() {
    a_tenant_in_maintenance(Engine::Postgres).await;
}

#[tokio::test]
async fn an_operator_plans_maintenance_by_command_and_it_ends_by_itself() {
    let town = Town::build(Engine::Sqlite).await;
    let within = ["--tenant", town.contoso.as_str(), "--reason", "the database moves tonight"];
    let run = |words: &[&str]| town.node.run(&[&["tenant", "maintenance"], words, &within[..]].concat());
    run(&["on", "--minutes", "30", "--in-minutes", "60"]);
    assert_eq!(
        at(&town, town.node.port, "contoso", "application/json").await.status,
        401,
        "it has not begun"
    );
    run(&["on", "--minutes", "30"]);
    assert_eq!(at(&town, town.node.port, "contoso", "application/json").await.status, 503);
    run(&["off"]);
    assert_eq!(at(&town, town.node.port, "contoso", "application/json").await.status, 401);
    let too_long = [&["tenant", "maintenance", "on", "--minutes", "20000"], &within[..]].concat();
    assert!(!town.node.try_run(&too_long).0, "nobody is closed for weeks by mistake");
}
