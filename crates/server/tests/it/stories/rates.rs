//! One limit over two nodes: together they let as many requests pass as one would (ledger H03), and another tenant
//! notices nothing. A change of routes is in force on both without a restart (H01).

use crate::town::{Client, Engine, Node, Town};
use serde_json::json;

/// A window that no story outlasts.
const DAY: u32 = 86_400;

/// What passes of a limit of 100 over several nodes may be this much off.
const NEARLY: std::ops::RangeInclusive<usize> = 98..=102;

/// A town whose routes have limits, and what clients need.
struct Limited {
    town: Town,
    alice: String,
    bob: String,
}

impl Limited {
    async fn build(engine: Engine) -> Self {
        let town = Town::build(engine).await;
        let mut cookies = Vec::new();
        for (email, slug) in [("alice@contoso.test", "contoso"), ("bob@fabrikam.test", "fabrikam")] {
            let (person, _) = town.visit(email, &format!("{}/", town.node.origin(slug))).await;
            let session = person.browser.cookies.get(&format!("{slug}.partywall.localhost"), "pw_session");
            cookies.push(format!("pw_session={}", session.expect("they are signed in")));
        }
        let limited = |name: &str| {
            json!({ "name": name, "host": "*.partywall.localhost", "path": format!("/{name}"), "policies": {
                "limits": [{ "name": "day", "window": DAY, "limit": 100 }] } })
        };
        let rest = json!({ "name": "rest", "host": "*.partywall.localhost" });
        let routes = json!([limited("both"), limited("turn"), limited("alone"), rest]);
        let file = town.folder.path().join("routes.json");
        std::fs::write(&file, routes.to_string()).expect("the folder can be written");
        town.node.run(&["route", "put", file.to_str().expect("a plain path")]);
        let bob = cookies.pop().expect("two are signed in");
        let alice = cookies.pop().expect("two are signed in");
        Limited { town, alice, bob }
    }

    fn client(&self, port: u16, slug: &str, cookie: &str) -> Client {
        Client::new(port, &format!("{slug}.partywall.localhost:{}", self.town.node.port), cookie)
    }

    fn alice_at(&self, port: u16) -> Client {
        self.client(port, "contoso", &self.alice)
    }

    /// Waits until the node at this port has heard of the routes.
    async fn wait_for_routes(&self, port: u16) {
        let mut bob = self.client(port, "fabrikam", &self.bob);
        self.town
            .eventually(async || {
                bob.header("/alone", "ratelimit-policy").await.filter(|said| !said.is_empty())
            })
            .await;
    }
}

/// How many of so many requests pass, one after the other.
async fn passed(client: &mut Client, path: &str, times: usize) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        match client.status(path).await {
            200 => passed += 1,
            status => assert_eq!(status, 429),
        }
    }
    passed
}

#[tokio::test]
async fn two_nodes_let_as_many_requests_pass_as_one_would() {
    let limited = Limited::build(Engine::Postgres).await;
    let second = Node::start(limited.town.folder.path(), &limited.town.database, &[]).await;
    let ports = [limited.town.node.port, second.port];
    for port in ports {
        limited.wait_for_routes(port).await;
    }
    // Six clients at both nodes at once.
    let crowd = (0..6).map(|at| {
        let mut client = limited.alice_at(ports[at % 2]);
        async move { passed(&mut client, "/both", 50).await }
    });
    let together: usize = futures_util::future::join_all(crowd).await.iter().sum();
    assert!(NEARLY.contains(&together), "{together} of 300 passed at both at once");
    // One node after the other: what the first has used up, the second does not give.
    let at_first = passed(&mut limited.alice_at(ports[0]), "/turn", 150).await;
    let at_second = passed(&mut limited.alice_at(ports[1]), "/turn", 150).await;
    assert!(NEARLY.contains(&(at_first + at_second)), "{at_first} and then {at_second} passed");
    // Another tenant has a count of its own.
    for port in ports {
        let mut bob = limited.client(port, "fabrikam", &limited.bob);
        assert_eq!(passed(&mut bob, "/both", 20).await, 20);
    }
}

#[tokio::test]
async fn a_node_alone_lets_exactly_as_many_pass_as_the_limit_says() {
    let limited = Limited::build(Engine::Sqlite).await;
    let port = limited.town.node.port;
    limited.wait_for_routes(port).await;
    let crowd = (0..6).map(|_| {
        let mut client = limited.alice_at(port);
        async move { passed(&mut client, "/alone", 50).await }
    });
    assert_eq!(futures_util::future::join_all(crowd).await.iter().sum::<usize>(), 100);
    let mut alice = limited.alice_at(port);
    assert!(alice.header("/alone", "retry-after").await.is_some());
    assert_eq!(alice.header("/alone", "ratelimit-policy").await.as_deref(), Some("\"day\";q=100;w=86400"));
    let mut bob = limited.client(port, "fabrikam", &limited.bob);
    assert_eq!(passed(&mut bob, "/alone", 20).await, 20);
}
