//! API keys, from the admin who makes one to the backend that is told whose it is (ledger A13, E01 to E06, E08).

use crate::town::{Engine, Node, Person, Town};
use demo::client::{Ask, Browser};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The host at which only keys are taken, and the key alone says whose the request is.
const API: &str = "calls.partywall.localhost";

/// Contoso's admin, with a subscriber of theirs.
pub(super) struct Desk {
    pub(super) alice: Person,
    pub(super) partner: String,
}

impl Desk {
    async fn build(town: &Town) -> Self {
        let desk = Self::routed(town, &keys_only()).await;
        town.eventually(async || (call(town, town.node.port, "/", "").await.0 == 401).then_some(())).await;
        desk
    }

    /// The same with routes of the story's own.
    pub(super) async fn routed(town: &Town, routes: &Value) -> Self {
        town.node.run(&["key", "scopes", "surveys.read", "surveys.write"]);
        let file = town.folder.path().join("routes.json");
        std::fs::write(&file, routes.to_string()).expect("the folder can be written");
        town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
        let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
        let path = format!("/v1/tenants/{}/subscribers", town.contoso);
        let body = json!({ "name": "Nightly import", "contact": "robots@contoso.test" });
        let (status, made) = alice.api(town, Method::POST, &path, body).await;
        assert_eq!(status, 201, "{made}");
        let partner = text(&made["id"]);
        Desk { alice, partner }
    }

    pub(super) async fn make(&mut self, town: &Town, said: Value) -> Value {
        let mut body = json!({ "subscriber": self.partner, "name": "Import" });
        body.as_object_mut().expect("it is one").extend(said.as_object().expect("it is one").clone());
        let path = format!("/v1/tenants/{}/keys", town.contoso);
        let (status, made) = self.alice.api(town, Method::POST, &path, body).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn rotate(&mut self, town: &Town, key: &Value, overlap: u64) -> Value {
        let path = format!("/v1/tenants/{}/keys/{}/rotate", town.contoso, text(&key["id"]));
        let body = json!({ "overlap_seconds": overlap });
        let (status, made) = self.alice.api(town, Method::POST, &path, body).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    pub(super) async fn revoke(&mut self, town: &Town, key: &Value) {
        let path = format!("/v1/tenants/{}/keys/{}", town.contoso, text(&key["id"]));
        let (status, answer) = self.alice.api(town, Method::DELETE, &path, Value::Null).await;
        assert_eq!(status, 200, "{answer}");
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Routes on which keys are taken, and at one host nothing else.
fn keys_only() -> Value {
    json!([
        { "name": "tenants", "host": "*.partywall.localhost", "credentials": ["session", "api_key"] },
        { "name": "calls", "host": API, "map_by": ["key"], "audience": "api", "credentials": ["api_key"] },
        { "name": "reports", "host": API, "path": "/reports", "map_by": ["key"], "audience": "api",
          "credentials": ["api_key"], "scopes": ["surveys.read"] },
    ])
}

/// What the node at `port` answers to a call with this key: the status, and the body where it is JSON.
async fn call(town: &Town, port: u16, path: &str, key: &str) -> (u16, Value) {
    call_at(town, port, API, path, key).await
}

pub(super) async fn call_at(town: &Town, port: u16, host: &str, path: &str, key: &str) -> (u16, Value) {
    let ask = Ask::get(&format!("http://127.0.0.1:{port}{path}"))
        .with("host", &format!("{host}:{}", town.node.port))
        .with("accept", "application/json");
    let ask = if key.is_empty() { ask } else { ask.with("authorization", &format!("Bearer {key}")) };
    let page = Browser::new().send(&ask).await.expect("the gateway answers");
    (page.status.as_u16(), page.json().unwrap_or(Value::Null))
}

async fn a_key_from_end_to_end(engine: Engine) {
    let town = Town::build(engine).await;
    let mut desk = Desk::build(&town).await;
    let port = town.node.port;
    for kind in ["random", "signed"] {
        let made = desk.make(&town, json!({ "kind": kind, "scopes": ["surveys.read"] })).await;
        let secret = text(&made["secret"]);
        let (status, seen) = call(&town, port, "/reports/1", &secret).await;
        assert_eq!(status, 200, "{kind}: {seen}");
        let headers = &seen["headers"];
        assert_eq!(headers["partywall-tenant"], town.contoso.as_str());
        assert_eq!(headers["partywall-subscriber"], desk.partner.as_str());
        assert_eq!(headers["partywall-scopes"], "surveys.read");
        assert!(headers["authorization"].is_null() && !seen.to_string().contains(&secret), "{seen}");
        let bare = desk.make(&town, json!({ "kind": kind })).await;
        let (status, refused) = call(&town, port, "/reports/1", &text(&bare["secret"])).await;
        assert_eq!((status, &refused["code"]), (403, &json!("scope.missing")), "{refused}");
        // At contoso's own host it works as well, at fabrikam's it is worth nothing.
        let hits = town.backend.hits();
        let (status, _) = call_at(&town, port, "contoso.partywall.localhost", "/", &secret).await;
        assert_eq!((status, town.backend.hits()), (200, hits + 1));
        let (status, _) = call_at(&town, port, "fabrikam.partywall.localhost", "/", &secret).await;
        assert_eq!((status, town.backend.hits()), (403, hits + 1));
        let (status, _) = call_at(&town, port, API, &format!("/?api_key={secret}"), "").await;
        assert_eq!(status, 401, "never in the address");
        desk.revoke(&town, &made).await;
        let (status, refused) = call(&town, port, "/", &secret).await;
        assert_eq!((status, &refused["code"]), (401, &json!("key.refused")), "at once on this node");
        // The file that leaked it is found without a node.
        let leak = town.folder.path().join("leak.txt");
        std::fs::write(&leak, format!("first line\nkey = {secret}\n")).expect("the folder can be written");
        let leak = leak.to_str().expect("a plain path");
        let (clean, out, _) = town.node.try_run(&["key", "scan", leak]);
        let found: Value = serde_json::from_str(&out).expect("it answers in JSON");
        assert!(!clean && found["found"][0]["line"] == 2 && found["found"][0]["kind"] == kind, "{found}");
        // What was shown once is nowhere else.
        assert!(!town.node.output().contains(&secret[..30]), "the log holds a key");
        let backup = town.folder.path().join(format!("backup-{kind}"));
        town.node.run(&["backup", backup.to_str().expect("a plain path")]);
        assert!(!holds(&backup, &secret[4..40]), "the backup holds a key");
    }
    let trail = town.node.run(&["audit", "list", "--action", "security.cross-tenant"]);
    assert!(trail["items"].as_array().is_some_and(|lines| lines.len() >= 2), "{trail}");
}

/// Whether any file of a directory holds this text.
fn holds(directory: &std::path::Path, needle: &str) -> bool {
    let files = std::fs::read_dir(directory).expect("the backup is there");
    files.filter_map(Result::ok).any(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn a_key_opens_what_it_is_for_and_is_nowhere_to_be_found_on_sqlite() {
    a_key_from_end_to_end(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_key_opens_what_it_is_for_and_is_nowhere_to_be_found_on_postgresql() {
    a_key_from_end_to_end(Engine::Postgres).await;
}

#[tokio::test]
async fn a_key_that_is_rotated_under_load_fails_nobody_and_ends_with_its_overlap() {
    let town = Town::build(Engine::Sqlite).await;
    let mut desk = Desk::build(&town).await;
    let made = desk.make(&town, json!({})).await;
    let (old, port) = (text(&made["secret"]), town.node.port);
    let mut statuses = Vec::new();
    let mut key = old.clone();
    let begun = Instant::now();
    for turn in 0..200 {
        if turn == 60 {
            let rotated = desk.rotate(&town, &made, 2).await;
            assert!(rotated["old"]["used_at"].is_string() || rotated["old"]["used_at"].is_null());
            key = text(&rotated["secret"]);
        }
        // Half of the client's threads have not heard of the new key yet.
        let with = if turn < 120 && turn % 2 == 0 { &old } else { &key };
        statuses.push(call(&town, port, "/", with).await.0);
        sleep((begun + Duration::from_millis(10) * turn).saturating_duration_since(Instant::now())).await;
    }
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    town.eventually(async || {
        let (status, refused) = call(&town, port, "/", &old).await;
        (status == 401 && refused["code"] == "key.expired").then_some(())
    })
    .await;
    assert_eq!(call(&town, port, "/", &key).await.0, 200);
}

#[tokio::test]
async fn a_key_that_is_revoked_under_load_is_refused_on_every_node_within_seconds() {
    let town = Town::build(Engine::Postgres).await;
    let mut desk = Desk::build(&town).await;
    let second = Node::start(town.folder.path(), &town.database, &[]).await;
    for kind in ["random", "signed"] {
        let made = desk.make(&town, json!({ "kind": kind })).await;
        let key = text(&made["secret"]);
        for port in [town.node.port, second.port] {
            for _ in 0..20 {
                assert_eq!(call(&town, port, "/", &key).await.0, 200, "{kind}");
            }
        }
        desk.revoke(&town, &made).await;
        let revoked = Instant::now();
        for port in [town.node.port, second.port] {
            while call(&town, port, "/", &key).await.0 != 401 {
                assert!(revoked.elapsed() < Duration::from_secs(5), "{kind} still opens node {port}");
            }
        }
    }
}

#[tokio::test]
async fn a_signed_key_opens_while_the_database_is_away_and_outlives_the_secret_it_was_made_under() {
    let town = Town::build(Engine::Postgres).await;
    let mut desk = Desk::build(&town).await;
    let signed = text(&desk.make(&town, json!({ "kind": "signed" })).await["secret"]);
    let later = text(&desk.make(&town, json!({ "kind": "signed" })).await["secret"]);
    let random = text(&desk.make(&town, json!({})).await["secret"]);
    let port = town.node.port;
    town.node.run(&["key", "roll-secret", "--overlap-seconds", "3600"]);
    let rolled = text(&desk.make(&town, json!({ "kind": "signed" })).await["secret"]);
    for key in [&signed, &rolled] {
        town.eventually(async || (call(&town, port, "/", key).await.0 == 200).then_some(())).await;
    }
    town.take_database_away();
    for key in [&signed, &later, &rolled] {
        assert_eq!(call(&town, port, "/", key).await.0, 200, "nobody is asked about a signed key");
    }
    let (status, refused) = call(&town, port, "/", &random).await;
    assert_eq!(
        (status, &refused["code"]),
        (503, &json!("node.out-of-touch")),
        "one never seen is not guessed"
    );
}

#[tokio::test]
async fn a_key_ends_after_its_minute_and_the_warning_came_before() {
    let town = Town::build(Engine::Sqlite).await;
    let mut desk = Desk::build(&town).await;
    let made = desk.make(&town, json!({ "life_seconds": 60 })).await;
    let key = text(&made["secret"]);
    assert_eq!(call(&town, town.node.port, "/", &key).await.0, 200);
    // A minute is long for a story: the key's time is moved, as if most of it had passed.
    let second = 1_000_000;
    let id = text(&made["id"]);
    town.behind_the_back(&format!(
        "UPDATE api_key SET warn_at = warn_at - {} WHERE id = '{id}'",
        50 * second
    ));
    let path = format!("/v1/tenants/{}/audit?action=key.look-after", town.contoso);
    town.eventually(async || {
        let (_, lines) = desk.alice.api(&town, Method::GET, &path, Value::Null).await;
        lines["items"].as_array().is_some_and(|lines| !lines.is_empty()).then_some(())
    })
    .await;
    assert_eq!(call(&town, town.node.port, "/", &key).await.0, 200, "it still works when the warning comes");
    let too_long =
        json!({ "subscriber": desk.partner, "name": "Import", "life_seconds": 400 * 24 * 60 * 60 });
    let path = format!("/v1/tenants/{}/keys", town.contoso);
    let (status, _) = desk.alice.api(&town, Method::POST, &path, too_long).await;
    assert_eq!(status, 422);
}

async fn each_subscribers_use_is_seen(engine: Engine) {
    let town = Town::build(engine).await;
    let mut desk = Desk::build(&town).await;
    let path = format!("/v1/tenants/{}/subscribers", town.contoso);
    let body = json!({ "name": "Ledger", "contact": "ledger@contoso.test" });
    let (status, other) = desk.alice.api(&town, Method::POST, &path, body).await;
    assert_eq!(status, 201, "{other}");
    let import = text(&desk.make(&town, json!({})).await["secret"]);
    let ledger = text(&desk.make(&town, json!({ "subscriber": other["id"] })).await["secret"]);
    for key in [&import, &import, &import, &ledger] {
        assert_eq!(call(&town, town.node.port, "/", key).await.0, 200);
    }
    let usage = format!("{path}/usage?hours=24");
    let counted = town
        .eventually(async || {
            let (status, seen) = desk.alice.api(&town, Method::GET, &usage, Value::Null).await;
            assert_eq!(status, 200, "{seen}");
            let of =
                |id: &Value| seen["items"].as_array()?.iter().find(|one| one["subscriber"] == *id).cloned();
            let (one, two) = (of(&json!(desk.partner))?, of(&other["id"])?);
            (one["requests"] == 3 && two["requests"] == 1).then_some(one)
        })
        .await;
    assert!(counted["bytes_out"].as_i64().is_some_and(|bytes| bytes > 0), "{counted}");
    let (status, all) =
        desk.alice.api(&town, Method::GET, &format!("/v1/tenants/{}/usage", town.contoso), Value::Null).await;
    assert!(status == 200 && all["total"]["requests"] == 4, "the parts are the whole: {all}");
    // By command too, with a reason; and nobody else's admin sees any of it.
    let listed =
        town.node.run(&["key", "usage", "--tenant", &town.contoso, "--reason", "the partner asks for it"]);
    assert!(listed["items"].as_array().is_some_and(|items| items.len() == 2), "{listed}");
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    assert_eq!(bob.api(&town, Method::GET, &usage, Value::Null).await.0, 403);
    let page = format!("{}/t/{}/keys", town.node.origin("console"), town.contoso);
    let page = desk.alice.browser.get(&page).await.expect("the console answers");
    assert!(page.body.contains("Who called") && page.body.contains("Ledger"), "{}", page.body);
}

#[tokio::test]
async fn what_each_subscriber_used_is_seen_on_sqlite() {
    each_subscribers_use_is_seen(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_each_subscriber_used_is_seen_on_postgresql() {
    each_subscribers_use_is_seen(Engine::Postgres).await;
}
