//! A node that did not hear of a change finds out by itself.

use crate::town::{Engine, Town};

/// Events are lost under a running node, as if it had slept for longer than they are kept. It notices by
/// itself, and what it never heard of holds.
async fn what_was_missed_is_found_out(engine: Engine) {
    let town = Town::build(engine).await;
    let home = format!("{}/", town.node.origin("contoso"));
    let (mut alice, _) = town.visit("alice@contoso.test", &home).await;
    assert_eq!(alice.echo(&home).await.0, 200);
    let (id, events) = (&town.contoso, "DELETE FROM outbox");
    town.behind_the_back(&format!("UPDATE tenant SET standing = 'suspended' WHERE id = '{id}'; {events}"));
    town.eventually(async || (alice.echo(&home).await.0 != 200).then_some(())).await;
    let refills = async || town.node.private("/metrics").await.1.contains("partywall_feed_refills_total 1\n");
    town.eventually(async || refills().await.then_some(())).await;
    town.eventually(async || (town.node.private("/readyz").await.0 == 200).then_some(())).await;
    // From here on it hears as before.
    let (fresh, _) = town.subscribe("tailwind", "Tailwind");
    let shown = town.node.run(&["tenant", "show", &fresh]);
    assert_eq!(shown["slug"], "tailwind");
    let address = format!("{}/", town.node.origin("tailwind"));
    town.eventually(async || (alice.echo(&address).await.0 == 401).then_some(())).await;
}

#[tokio::test]
async fn a_node_that_missed_a_change_finds_out_on_sqlite() {
    what_was_missed_is_found_out(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_node_that_missed_a_change_finds_out_on_postgresql() {
    what_was_missed_is_found_out(Engine::Postgres).await;
}
