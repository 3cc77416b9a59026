//! Stories of the whole product, told through its binary.

mod alerts;
mod attacks;
mod backends;
mod bodies;
mod brands;
mod certificates;
mod certificates_in_front;
mod client_certificates;
mod connections;
mod crowded;
mod doctor;
mod domains;
mod exchanging;
mod fronts;
mod heads;
mod keys;
mod logs;
mod maintenance;
mod missed;
mod newcomer;
mod orders;
mod passing_on;
mod rates;
mod regions;
mod shared_hosts;
mod tls;
mod tokens;
mod traces;
mod trusted_proxies;
mod two_nodes;

use crate::town::{Engine, Town};
use demo::client::Ask;
use http::Method;
use serde_json::{Value, json};

async fn alice_signs_in(engine: Engine) {
    let town = Town::build(engine).await;
    let (mut alice, page) =
        town.visit("alice@contoso.test", &format!("{}/deep/link?x=1", town.node.origin("contoso"))).await;
    let seen: Value =
        page.json().unwrap_or_else(|_| panic!("the backend answers: {} {}", page.status, page.body));
    assert_eq!(seen["path"], "/deep/link?x=1");
    let headers = &seen["headers"];
    assert_eq!(headers["partywall-tenant"], town.contoso.as_str());
    assert!(headers["partywall-user"].as_str().is_some_and(|user| user.starts_with("usr_")), "{headers}");
    assert!(headers["partywall-context"].as_str().is_some_and(|token| token.split('.').count() == 3));
    assert!(headers["cookie"].is_null(), "our cookies stay with us: {headers}");

    // Nothing that alice has opens Fabrikam.
    let hits = town.backend.hits();
    let (status, _) = alice.echo(&format!("{}/deep", town.node.origin("fabrikam"))).await;
    assert_eq!(status, 401, "at fabrikam alice is nobody");
    let stolen = alice
        .browser
        .cookies
        .get("contoso.partywall.localhost", "pw_session")
        .map(str::to_owned)
        .expect("alice has a session");
    alice.browser.cookies.put("fabrikam.partywall.localhost", "pw_session", &stolen);
    let (status, _) = alice.echo(&format!("{}/deep", town.node.origin("fabrikam"))).await;
    assert_eq!(status, 403, "contoso's session is refused at fabrikam");
    assert_eq!(town.backend.hits(), hits, "no refused request reached the backend");
}

#[tokio::test]
async fn alice_signs_in_at_contoso_and_not_at_fabrikam_on_sqlite() {
    alice_signs_in(Engine::Sqlite).await;
}

#[tokio::test]
async fn alice_signs_in_at_contoso_and_not_at_fabrikam_on_postgresql() {
    alice_signs_in(Engine::Postgres).await;
}

#[tokio::test]
async fn a_refused_crossing_is_in_both_audit_trails() {
    let town = Town::build(Engine::Sqlite).await;
    let (mut alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let ask = Ask::get(&format!("{}/x", town.node.origin("contoso"))).with("tenant-id", "fabrikam");
    let page =
        alice.browser.send(&ask.with("accept", "application/json")).await.expect("the gateway answers");
    assert_eq!(page.status, 403, "{}", page.body);
    let stolen = alice
        .browser
        .cookies
        .get("contoso.partywall.localhost", "pw_session")
        .map(str::to_owned)
        .expect("a session");
    alice.browser.cookies.put("fabrikam.partywall.localhost", "pw_session", &stolen);
    let (status, _) = alice.echo(&format!("{}/x", town.node.origin("fabrikam"))).await;
    assert_eq!(status, 403);
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    let seen = town
        .eventually(async || {
            let path = format!("/v1/tenants/{}/audit?action=security.cross-tenant", town.fabrikam);
            let (_, lines) = bob.api(&town, Method::GET, &path, Value::Null).await;
            lines["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(lines)
        })
        .await;
    assert_eq!(seen["items"][0]["outcome"], "refused", "{seen}");
    let house = town.node.run(&["audit", "list", "--action", "security.cross-tenant"]);
    assert!(house["items"].as_array().is_some_and(|items| !items.is_empty()), "{house}");
}

async fn a_role_that_is_taken_is_gone(engine: Engine) {
    let town = Town::build(engine).await;
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let (mut aaron, _) = town.visit("aaron@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let member = town.member_id(&mut alice, "aaron@contoso.test").await;
    let roles = format!("/v1/tenants/{}/members/{member}/roles", town.contoso);
    let (status, answer) = alice.api(&town, Method::PUT, &roles, json!({ "roles": ["creator"] })).await;
    assert_eq!(status, 200, "{answer}");
    let address = format!("{}/", town.node.origin("contoso"));
    let seen = town
        .eventually(async || {
            let (_, seen) = aaron.echo(&address).await;
            (seen["headers"]["partywall-roles"] == "creator").then_some(seen)
        })
        .await;
    assert_eq!(seen["headers"]["partywall-tenant"], town.contoso.as_str());
    // Suspended, aaron is out at once.
    let suspend = format!("/v1/tenants/{}/members/{member}/suspend", town.contoso);
    let (status, answer) = alice.api(&town, Method::POST, &suspend, json!({})).await;
    assert!(status < 300, "{status} {answer}");
    town.eventually(async || (aaron.echo(&address).await.0 == 401).then_some(())).await;
    // The operator cannot give a role, and leaves a trace where it goes in with a reason.
    let token = town.node.run(&["token", "create", "t", "--rights", "manage"]);
    let bearer = format!("Bearer {}", token["secret"].as_str().expect("a token"));
    let ask = Ask::json(
        Method::PUT,
        &format!("{}{roles}", town.node.origin("api")),
        &json!({ "roles": ["admin"] }),
    );
    let page = aaron.browser.send(&ask.with("authorization", &bearer)).await.expect("the API answers");
    assert_eq!(page.status, 403, "{}", page.body);
}

#[tokio::test]
async fn what_an_admin_takes_is_gone_at_once_on_sqlite() {
    a_role_that_is_taken_is_gone(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_an_admin_takes_is_gone_at_once_on_postgresql() {
    a_role_that_is_taken_is_gone(Engine::Postgres).await;
}

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_answered() {
    let mut town = Town::build(Engine::Sqlite).await;
    let (mut alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let (id, _) = town.subscribe("tailwind", "Tailwind");
    let port = town.node.port;
    town.node.kill();
    town.node = crate::town::Node::start_at(town.folder.path(), &town.database, port, &[]).await;
    assert_eq!(town.node.run(&["tenant", "show", &id])["slug"], "tailwind");
    let (status, seen) = alice.echo(&format!("{}/", town.node.origin("contoso"))).await;
    assert_eq!(status, 200, "alice is still signed in: {seen}");
    let report = town.node.run(&["audit", "verify", &town.contoso]);
    assert_eq!(report["findings"], json!([]), "{report}");
}

/// Two nodes over one database: what begins on one ends on the other, and one may go without a failure.
#[tokio::test]
async fn a_sign_in_begun_on_one_node_ends_on_another() {
    let mut town = Town::build(Engine::Postgres).await;
    let (alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let second = crate::town::Node::start(town.folder.path(), &town.database, &[]).await;
    let host = format!("contoso.partywall.localhost:{}", town.node.port);
    // The second node, asked by the first one's name, as a load balancer would.
    let cookie = alice
        .browser
        .cookies
        .get("contoso.partywall.localhost", "pw_session")
        .map(str::to_owned)
        .expect("a session");
    let direct = format!("http://127.0.0.1:{}/", second.port);
    let ask = Ask::get(&direct).with("host", &host).with("cookie", &format!("pw_session={cookie}"));
    let page = demo::client::Browser::new().send(&ask).await.expect("the second node answers");
    assert_eq!(page.status, 200, "{}", page.body);
    // What is changed through one is heard by the other.
    let (id, _) = town.subscribe("tailwind", "Tailwind");
    town.eventually(async || {
        let ask = Ask::get(&format!("http://127.0.0.1:{}/", second.port))
            .with("host", &format!("tailwind.partywall.localhost:{}", second.port))
            .with("accept", "application/json");
        let page = demo::client::Browser::new().send(&ask).await.expect("the second node answers");
        (page.status == 401).then_some(())
    })
    .await;
    assert!(id.starts_with("tnt_"));
    town.node.stop().await;
    let page = demo::client::Browser::new().send(&ask).await.expect("the second node goes on");
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn no_secret_is_ever_in_the_log() {
    let town = Town::build(Engine::Sqlite).await;
    let (alice, _) =
        town.visit("alice@contoso.test", &format!("{}/?code=sesame", town.node.origin("contoso"))).await;
    let cookie = alice
        .browser
        .cookies
        .get("contoso.partywall.localhost", "pw_session")
        .map(str::to_owned)
        .expect("a session");
    let log = town.node.output();
    let after_start = log.split("listening at").nth(1).expect("the node says where it listens");
    for secret in [cookie.split('.').next().expect("an id"), "sesame", "client_secret=", "Bearer", "eyJ"] {
        assert!(!after_start.contains(secret), "`{secret}` is in the log:\n{after_start}");
    }
}
