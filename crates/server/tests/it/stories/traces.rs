//! Traces, sent to whoever collects them; and what a node does when nobody does.

use crate::town::{Client, Engine, Fate, Node, Receiver, Town, free_port};

/// Every request is traced, so that none has to be waited for by chance.
const ALL: &str = "traces.per_thousand=1000";

#[tokio::test]
async fn a_request_is_traced_with_its_id_and_its_tenant_and_without_a_secret() {
    let receiver = Receiver::start().await;
    let endpoint = format!("traces.endpoint={}", receiver.endpoint);
    let mut town = Town::build_with(Engine::Sqlite, &[&endpoint, ALL]).await;
    let address = format!("{}/deep?code=sesame", town.node.origin("contoso"));
    let (alice, page) = town.visit("alice@contoso.test", &address).await;
    let id = page.headers["partywall-request-id"].to_str().expect("an id").to_owned();
    let session = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session");
    let session = session.expect("alice is signed in").split('.').next().expect("an id").to_owned();
    // What was not sent yet is sent when the node stops.
    town.node.stop().await;
    let spans = receiver.spans();
    let forwarded = spans.iter().find(|span| span.note("request") == Some(&id));
    let forwarded = forwarded.unwrap_or_else(|| panic!("{id} is not among {spans:#?}"));
    assert_eq!(forwarded.name, "forward");
    assert_eq!(forwarded.note("tenant"), Some(town.contoso.as_str()), "{forwarded:?}");
    assert_eq!(forwarded.note("status"), Some("200"), "{forwarded:?}");
    let entered = spans.iter().find(|span| span.note("route") == Some("/.partywall/enter"));
    let entered = entered.unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(entered.name, "request");
    assert!(entered.note("request").is_some_and(|id| id.starts_with("req_")), "{entered:?}");
    assert!(entered.note("tenant").is_some_and(|id| id.starts_with("tnt_")), "{entered:?}");
    for span in &spans {
        for (name, _) in &span.notes {
            assert!(span.note(name).is_some(), "`{name}` stands there twice: {span:?}");
        }
    }
    let text = receiver.text();
    for secret in
        [session.as_str(), "sesame", "client_secret=", "Bearer", "eyJ", "pw_session", "alice@contoso.test"]
    {
        assert!(!text.contains(secret), "`{secret}` was sent");
    }
}

/// More requests than a node keeps spans of.
const MANY: usize = 4_000;

async fn goes_on_without(endpoint: &str) {
    let endpoint = format!("traces.endpoint={endpoint}");
    let mut town = Town::build_with(Engine::Sqlite, &[&endpoint, ALL]).await;
    let (alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let session = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session").expect("a session");
    let host = format!("contoso.partywall.localhost:{}", town.node.port);
    let mut client = Client::new(town.node.port, &host, &format!("pw_session={session}"));
    for number in 0..100 {
        assert_eq!(client.ask(&format!("/piece/{number}")).await, Fate::Whole { last: false });
    }
    let before = memory(&town.node).await;
    for number in 0..MANY {
        assert_eq!(client.ask(&format!("/piece/{number}")).await, Fate::Whole { last: false });
    }
    let grown = memory(&town.node).await.saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    town.node.stop().await;
    assert!(town.node.output().contains("stopped"), "{}", town.node.output());
}

async fn memory(node: &Node) -> u64 {
    let page = node.private("/metrics").await.1;
    let line = page.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    line.and_then(|number| number.parse().ok()).expect("the kernel says so")
}

#[tokio::test]
async fn a_receiver_that_hangs_neither_stops_nor_fills_a_node() {
    let receiver = Receiver::hanging().await;
    goes_on_without(&receiver.endpoint).await;
    assert!(!receiver.text().is_empty(), "it was tried");
}

#[tokio::test]
async fn a_receiver_that_is_away_neither_stops_nor_fills_a_node() {
    goes_on_without(&format!("http://127.0.0.1:{}/v1/traces", free_port())).await;
}
