//! What the binary says of itself can be read by machines: each field stands once.

use crate::town::{Engine, Node, Town};
use demo::client::Ask;
use http::Method;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::{collections::HashSet, fmt};

/// JSON in which no name stands twice in one object.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<Strict>()?;
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }
}

/// A day in the town, with forms, pages, scripts, refusals and the operator.
async fn a_day(town: &Town) {
    let (mut alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
    let mut admin = town.at_console("alice@contoso.test", &town.contoso).await;
    for page in ["members", "connections", "audit", "settings"] {
        let address = format!("{}/t/{}/{page}", town.node.origin("console"), town.contoso);
        let page = admin.browser.get(&address).await.expect("the console answers");
        assert!(page.status.is_success(), "{} {}", page.url, page.body);
    }
    let members = format!("/v1/tenants/{}/members", town.fabrikam);
    assert!(admin.api(town, Method::GET, &members, Value::Null).await.0 >= 400);
    alice.echo(&format!("{}/x", town.node.origin("nosuch"))).await;
    let leave = format!("{}/.partywall/sign-out", town.node.origin("contoso"));
    let page = alice.browser.get(&leave).await.expect("the page opens");
    let form = page.form("/.partywall/sign-out").expect("a form");
    alice.browser.submit(form).await.expect("the form is taken");
    let token = town.node.run(&["token", "create", "t", "--rights", "manage"]);
    let bearer = format!("Bearer {}", token["secret"].as_str().expect("a token"));
    let ask = Ask::get(&format!("{}{members}", town.node.origin("api")));
    let ask = ask.with("authorization", &bearer).with("partywall-assume-reason", "looking at a ticket");
    let page = alice.browser.send(&ask).await.expect("the API answers");
    assert_eq!(page.status, 200, "{}", page.body);
}

#[tokio::test]
async fn each_field_stands_once_in_a_log_for_machines() {
    let town = Town::build_with(Engine::Sqlite, &["log.format=json"]).await;
    a_day(&town).await;
    let log = town.node.output();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    let mut wrong: Vec<String> = Vec::new();
    for line in &lines {
        if let Err(error) = serde_json::from_str::<Strict>(line) {
            wrong.push(format!("{error}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let answered = |line: &&str| -> bool {
        let line: Value = serde_json::from_str(line).expect("it was read before");
        line["span"]["route"].is_string() && line["span"]["tenant"] == town.contoso.as_str()
    };
    assert!(lines.iter().filter(|line| answered(line)).count() > 10, "{log}");
}

/// The names of the fields in the braces of a line for people.
fn names(line: &str) -> Vec<&str> {
    let inside = line.split_once("request{").and_then(|(_, rest)| rest.split_once("}:"));
    let fields = inside.map(|(fields, _)| fields.split(' ')).into_iter().flatten();
    fields.filter_map(|field| field.split_once('=')).map(|(name, _)| name).collect()
}

#[tokio::test]
async fn each_field_stands_once_in_a_log_for_people() {
    let town = Town::build(Engine::Sqlite).await;
    a_day(&town).await;
    let log = town.node.output();
    let doubled: Vec<&str> = log
        .lines()
        .filter(|line| {
            let mut seen = HashSet::new();
            !names(line).into_iter().all(|name| seen.insert(name))
        })
        .collect();
    assert!(doubled.is_empty(), "{doubled:#?}");
    assert!(log.lines().any(|line| names(line).contains(&"tenant")), "{log}");
}

#[tokio::test]
async fn a_route_says_what_is_written_down_of_its_requests() {
    let town = Town::build_with(Engine::Sqlite, &["log.format=json"]).await;
    let routes = serde_json::json!({
        "policies": { "log": { "requests": "none" } },
        "routes": [
            { "name": "told", "host": "*.partywall.localhost", "path": "/told", "open": true,
              "policies": { "log": { "also": ["path", "caller", "address"] } } },
            { "name": "plain", "host": "*.partywall.localhost", "path": "/plain", "open": true,
              "policies": { "log": {} } },
            { "name": "failed", "host": "*.partywall.localhost", "path": "/failed", "open": true,
              "policies": { "log": { "requests": "failed" } } },
            { "name": "rest", "host": "*.partywall.localhost", "open": true },
        ],
    });
    let file = town.folder.path().join("routes.json");
    std::fs::write(&file, routes.to_string()).expect("the folder can be written");
    town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
    let ask = async |path: &str| {
        let ask = Ask::get(&format!("{}{path}", town.node.origin("contoso"))).with("accept", "*/*");
        demo::client::Browser::new().send(&ask).await.expect("the gateway answers").status.as_u16()
    };
    town.eventually(async || (ask("/told/a?secret=1").await == 200).then_some(())).await;
    for path in ["/plain/b?secret=2", "/failed/c?secret=3", "/quiet/d?secret=4"] {
        assert_eq!(ask(path).await, 200, "{path}");
    }
    let lines = || -> Vec<Value> {
        let log = town.node.output();
        let read = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        read.filter(|line| line.to_string().contains("forwarded for tenant")).collect()
    };
    let of = |lines: &[Value], route: &str| -> Vec<String> {
        let found = lines.iter().filter(|line| line.to_string().contains(&format!("\"route\":\"{route}\"")));
        found.map(ToString::to_string).collect()
    };
    let lines = town.eventually(async || Some(lines()).filter(|all| !of(all, "plain").is_empty())).await;
    let told = of(&lines, "told").pop().expect("it has a line");
    for said in ["\"path\":\"/told/a\"", "\"caller\":\"", "127.0.0.1"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let plain = of(&lines, "plain").pop().expect("it has a line");
    assert!(!plain.contains("/plain") && !plain.contains("127.0.0.1"), "{plain}");
    assert!(of(&lines, "failed").is_empty() && of(&lines, "rest").is_empty(), "{lines:#?}");
    assert!(!town.node.output().contains("secret="), "no query is written down");
    // A call of gRPC that is refused is no success, though its status of HTTP says so.
    let class = async || {
        let (_, page) = town.node.private("/metrics").await;
        let line = page.lines().find(|line| line.starts_with("partywall_responses_total{class=\"4xx\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).expect("it is counted")
    };
    let before = class().await;
    let call =
        Ask::get(&format!("{}/told/x", town.node.origin("nosuch"))).with("content-type", "application/grpc");
    let page = demo::client::Browser::new().send(&call).await.expect("the gateway answers");
    assert_eq!((page.status.as_u16(), page.headers["grpc-status"].to_str().ok()), (200, Some("7")));
    assert_eq!(class().await, before + 1);
}

/// Somebody who reads a log by machine reads it to the end.
#[tokio::test]
async fn a_node_says_its_last_word_in_the_same_form() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut node = Node::start(folder.path(), "", &["log.format=json"]).await;
    node.stop().await;
    let log = node.output();
    let last = log.lines().rfind(|line| line.starts_with('{')).expect("it said something");
    serde_json::from_str::<Strict>(last).unwrap_or_else(|error| panic!("{error}: {last}"));
    assert!(last.contains("stopped"), "{last}");
}
