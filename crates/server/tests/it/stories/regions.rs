//! Two regions with a node and a deployment each, over one database: wherever a request enters, it is answered where
//! its tenant is at home, also while the tenant moves.

use super::client_certificates::{DEVICES, context, lay_down, put_routes};
use crate::town::{Authority, Backend, Badge, Client, Dns, Engine, Node, Town};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use demo::client::{Ask, Browser};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// For how long others remember where Contoso's name leads.
const LIFETIME: u64 = 4;

/// Contoso is at home in eu and Fabrikam in us.
struct World {
    town: Town,
    us: Node,
    us_backend: Backend,
    us_deployment: String,
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("it has an id").to_owned()
}

impl World {
    async fn build() -> Self {
        Self::build_with(&[]).await
    }

    /// With more settings for the node in eu.
    async fn build_with(more: &[&str]) -> Self {
        let dns = Dns::start().await;
        dns.leads("contoso.partywall.localhost", LIFETIME as u32);
        let resolver = format!("domains.resolvers={}", dns.address);
        let settings = [&["home_region=eu", "domains.lifetime=1s", &resolver][..], more].concat();
        let town = Town::build_with(Engine::Postgres, &settings).await;
        let us = Node::start(town.folder.path(), &town.database, &["home_region=us"]).await;
        let us_backend = Backend::start().await;
        let run = |arguments: &[&str]| town.node.run(arguments);
        let routes = town.folder.path().join("routes.json");
        let open = r#"[{"name": "open", "host": "*.partywall.localhost", "open": true}]"#;
        std::fs::write(&routes, open).expect("the folder can be written");
        run(&["route", "put", routes.to_str().expect("a plain path")]);
        let create = ["deployment", "create", "us-1", "--upstream", &us_backend.origin, "--region", "us"];
        let us_deployment = id(&run(&create));
        run(&["deployment", "change", &id(&town.deployment), "--name", "eu-1", "--region", "eu"]);
        for (name, port) in [("eu", town.node.port), ("us", us.port)] {
            run(&["region", "put", name, "--gateway", &format!("http://127.0.0.1:{port}")]);
        }
        run(&["tenant", "change", &town.fabrikam, "--deployment", &us_deployment]);
        let world = World { town, us, us_backend, us_deployment };
        // Both nodes have heard of all of it when what enters at either is answered at home.
        world
            .town
            .eventually(async || {
                for (slug, hops) in [("contoso", [1, 2]), ("fabrikam", [2, 1])] {
                    for (port, hops) in [world.town.node.port, world.us.port].into_iter().zip(hops) {
                        let seen = world.ask(&mut world.client(port, slug), "/begin").await?;
                        (passed(&seen) == hops).then_some(())?;
                    }
                }
                Some(())
            })
            .await;
        world
    }

    fn client(&self, port: u16, slug: &str) -> Client {
        Client::new(port, &format!("{slug}.partywall.localhost:{}", self.town.node.port), "")
    }

    /// What the backend that answers was told; none where nothing came but an excuse.
    async fn ask(&self, client: &mut Client, path: &str) -> Option<Value> {
        let (status, text) = client.text(path).await?;
        (status == 200).then(|| serde_json::from_str(&text).expect("the backend says what it got"))
    }
}

/// How many of our nodes a request passed.
fn passed(seen: &Value) -> usize {
    seen["headers"]["via"].as_str().unwrap_or_default().matches("partywall").count()
}

#[tokio::test]
async fn a_request_that_enters_anywhere_is_answered_where_its_tenant_is_at_home() {
    let world = World::build().await;
    let before = (world.town.backend.hits(), world.us_backend.hits());
    let (eu, us) = (world.town.node.port, world.us.port);
    let mut clients: Vec<_> = [(eu, "contoso"), (us, "contoso"), (eu, "fabrikam"), (us, "fabrikam")]
        .into_iter()
        .map(|(port, slug)| (world.client(port, slug), slug))
        .collect();
    for number in 0..100 {
        let (client, slug) = &mut clients[number % 4];
        let seen = world.ask(client, &format!("/{slug}/{number}")).await.expect("an answer");
        let tenant = if *slug == "contoso" { &world.town.contoso } else { &world.town.fabrikam };
        assert_eq!(seen["headers"]["partywall-tenant"], tenant.as_str());
        assert_eq!(seen["path"], format!("/{slug}/{number}"));
        assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1", "the client, and not the node");
        assert!(seen["headers"]["partywall-hop"].is_null(), "that is between nodes");
    }
    let after = (world.town.backend.hits(), world.us_backend.hits());
    assert_eq!((after.0 - before.0, after.1 - before.1), (50, 50));
    for number in 0..100 {
        let slug = ["contoso", "contoso", "fabrikam", "fabrikam"][number % 4];
        let path = format!("/{slug}/{number}");
        assert_eq!(world.town.backend.saw(&path), slug == "contoso", "{path}");
        assert_eq!(world.us_backend.saw(&path), slug == "fabrikam", "{path}");
    }
    // A session is believed wherever it enters.
    let town = &world.town;
    let sign_in = format!("{}/.partywall/sign-in?return=/", town.node.origin("contoso"));
    let (alice, _) = town.visit("alice@contoso.test", &sign_in).await;
    let session = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session");
    let session = session.expect("alice is signed in");
    let host = format!("contoso.partywall.localhost:{eu}");
    let mut far = Client::new(us, &host, &format!("pw_session={session}"));
    let seen = world.ask(&mut far, "/alice").await.expect("an answer");
    assert!(seen["headers"]["partywall-user"].is_string(), "{seen}");
    // Only nodes say that they are nodes.
    let forged = demo::client::Ask::get(&format!("{}/x", town.node.origin("contoso")));
    let forged =
        forged.with("accept", "application/json").with("partywall-hop", "eu;0;0;0;http;10.0.0.1;x;y");
    let page = demo::client::Browser::new().send(&forged).await.expect("an answer");
    assert_eq!(
        (page.status.as_u16(), page.json().expect("a problem")["code"].clone()),
        (400, "request.hop".into())
    );
}

/// Stands before a node, and keeps what is sent there.
async fn recorder(port: u16) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("bound").port();
    let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
    let keeps = kept.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let keeps = keeps.clone();
            tokio::spawn(async move {
                let node = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
                let ((mut from, mut to), (mut back, mut on)) = (client.into_split(), node.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut back, &mut to).await });
                let mut piece = [0; 16 * 1024];
                while let Ok(length @ 1..) = from.read(&mut piece).await {
                    keeps.lock().expect("nobody panics here").extend_from_slice(&piece[..length]);
                    if on.write_all(&piece[..length]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (own, kept)
}

/// What a node answers to these bytes.
async fn send(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
    stream.write_all(bytes).await.expect("it is taken");
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(Ok(length @ 1..)) =
        tokio::time::timeout(Duration::from_millis(500), stream.read(&mut piece)).await
    {
        answer.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_certificate_goes_along_to_another_region_and_what_is_handed_on_is_taken_once() {
    let world = World::build_with(&["listen.trusted_proxies=127.0.0.1/32", "listen.client_cert=true"]).await;
    let (town, eu, us) = (&world.town, world.town.node.port, world.us.port);
    put_routes(town);
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    let authority = Authority::new("Devices");
    lay_down(town, &mut bob, &town.fabrikam, &authority, json!({})).await;
    let (kiosk, stranger) =
        (authority.sign("kiosk-1", |_| {}), Authority::new("Devices").sign("kiosk-1", |_| {}));
    let ask = async |port: u16, badge: &Badge| {
        let field = format!(":{}:", BASE64_STANDARD.encode(&badge.der));
        let ask = Ask::get(&format!("http://127.0.0.1:{port}/x")).with("host", &format!("{DEVICES}:{eu}"));
        let ask = ask.with("accept", "application/json").with("client-cert", &field);
        let page = Browser::new().send(&ask).await.expect("the gateway answers");
        (page.status.as_u16(), page.json().unwrap_or_default())
    };
    let (wall, kept) = recorder(us).await;
    town.node.run(&["region", "put", "us", "--gateway", &format!("http://127.0.0.1:{wall}")]);
    // The node in eu believes the proxy before it, and that in us believes the node in eu.
    let seen = town
        .eventually(async || {
            let (status, seen) = ask(eu, &kiosk).await;
            (status == 200 && !kept.lock().expect("nobody panics here").is_empty()).then_some(seen)
        })
        .await;
    assert_eq!(
        (passed(&seen), seen["headers"]["partywall-tenant"].as_str()),
        (2, Some(town.fabrikam.as_str()))
    );
    assert_eq!(context(&seen)["device"]["subject"], "kiosk-1");
    assert!(seen["headers"]["client-cert"].is_null() && seen["headers"]["partywall-hop"].is_null(), "{seen}");
    assert_eq!(ask(eu, &stranger).await.1["code"], "certificate.unknown");
    assert_eq!(ask(us, &kiosk).await.1["code"], "certificate.needed", "of a client it believes nothing");
    // Somebody has listened between the regions.
    let heard = kept.lock().expect("nobody panics here").clone();
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
    let one = String::from_utf8(heard[..end].to_vec()).expect("it is text");
    assert!(one.to_lowercase().contains("partywall-hop: eu;"), "{one}");
    let hits = world.us_backend.hits();
    let told = send(us, one.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("request.hop"), "the same again: {told}");
    let field = |badge: &Badge| BASE64_STANDARD.encode(&badge.der);
    let forged = one.replace(&field(&kiosk), &field(&authority.sign("kiosk-2", |_| {})));
    assert_ne!(forged, one);
    let told = send(us, forged.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("request.hop"), "with another's: {told}");
    assert_eq!(world.us_backend.hits(), hits);
}

#[tokio::test]
async fn the_old_place_hands_requests_on_until_nobody_remembers_it() {
    let world = World::build().await;
    let run = |arguments: &[&str]| world.town.node.run(arguments);
    // Somebody keeps asking the old address, as their resolver told them to.
    let mut pinned = world.client(world.town.node.port, "contoso");
    assert_eq!(passed(&world.ask(&mut pinned, "/before").await.expect("an answer")), 1);
    let begun = tokio::time::Instant::now();
    run(&["tenant", "change", &world.town.contoso, "--deployment", &world.us_deployment]);
    let (good, _, said) = world.town.node.try_run(&["region", "remove", "eu"]);
    assert!(!good && said.contains("region.needed"), "after {:?}: {said}", begun.elapsed());
    let listed = run(&["region", "list"]);
    let needed: Vec<_> =
        listed["items"].as_array().into_iter().flatten().map(|one| &one["needed_until"]).collect();
    assert!(needed[0].is_string() && needed[1].is_null(), "{listed}");
    let (mut asked, mut moved) = (0, 0);
    while begun.elapsed() < Duration::from_secs(LIFETIME + 1) {
        let seen = world.ask(&mut pinned, &format!("/{asked}")).await.expect("every request is answered");
        asked += 1;
        moved += usize::from(passed(&seen) == 2);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(moved > asked / 2, "{moved} of {asked} were handed on");
    assert!(world.us_backend.saw(&format!("/{}", asked - 1)));
    world
        .town
        .eventually(async || world.town.node.try_run(&["region", "remove", "eu"]).0.then_some(()))
        .await;
}
