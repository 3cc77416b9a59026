//! Tenants' own domains, from the claim to the request that is mapped (ledger A06).

use crate::town::{Dns, Engine, Mood, Node, Person, Town, free_port, shown};
use demo::client::{Ask, Browser};
use http::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const NAME: &str = "surveys.contoso.localhost";

/// A town with a DNS, and the admins of two organisations.
struct Scene {
    town: Town,
    dns: Dns,
    web: Web,
    alice: Person,
    bob: Person,
}

/// The web server that every name under `localhost` leads to; it answers every path with the same.
#[derive(Clone)]
struct Web {
    port: u16,
    answer: Arc<Mutex<String>>,
}

impl Web {
    async fn start() -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let web = Web { port, answer: Arc::default() };
        let answer = web.answer.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4_096];
                let _ = stream.read(&mut head).await;
                let answer = answer.lock().expect("nobody panics here").clone();
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        web
    }

    fn says(&self, head: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("nobody panics here") =
            format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    }
}

impl Scene {
    async fn build(engine: Engine) -> Self {
        Self::build_with(engine, &[]).await
    }

    async fn build_with(engine: Engine, more: &[&str]) -> Self {
        let (dns, web) = (Dns::start().await, Web::start().await);
        web.says("404 Not Found", "");
        let (resolver, port) =
            (format!("domains.resolvers={}", dns.address), format!("domains.plain_port={}", web.port));
        let settings: Vec<&str> =
            [resolver.as_str(), port.as_str()].into_iter().chain(more.iter().copied()).collect();
        let town = Town::build_with(engine, &settings).await;
        let alice = town.at_console("alice@contoso.test", &town.contoso).await;
        let bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
        Scene { town, dns, web, alice, bob }
    }

    async fn alice(&mut self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/v1/tenants/{}/domains{path}", self.town.contoso);
        self.alice.api(&self.town, method, &path, body).await
    }

    async fn bob(&mut self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/v1/tenants/{}/domains{path}", self.town.fabrikam);
        self.bob.api(&self.town, method, &path, body).await
    }

    /// What a program is told at this host of the node at `port`: 401 where it is a tenant's, 403 where it is not.
    async fn at(&self, port: u16, host: &str) -> u16 {
        let ask = Ask::get(&format!("http://127.0.0.1:{port}/"))
            .with("host", &format!("{host}:{}", self.town.node.port))
            .with("accept", "application/json");
        Browser::new().send(&ask).await.expect("the gateway answers").status.as_u16()
    }

    fn lay_down(&self, claim: &Value) {
        self.dns.put(text(&claim["record"]), &["v=spf1 -all", text(&claim["value"])]);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

async fn a_domain_from_claim_to_request(engine: Engine) {
    let mut scene = Scene::build(engine).await;
    let second = match engine {
        Engine::Postgres => Some(Node::start(scene.town.folder.path(), &scene.town.database, &[]).await),
        Engine::Sqlite => None,
    };
    let port = scene.town.node.port;
    let (status, claim) =
        scene.alice(Method::POST, "", json!({ "host": "Surveys.Contoso.LOCALHOST." })).await;
    assert_eq!(
        (status, &claim["host"], &claim["standing"]),
        (201, &json!(NAME), &json!("pending")),
        "{claim}"
    );
    assert_eq!(scene.at(port, NAME).await, 403, "a claim maps nothing");
    let (status, looked) = scene.alice(Method::POST, &format!("/{NAME}/check"), json!({})).await;
    assert_eq!((status, &looked["standing"]), (200, &json!("pending")), "{looked}");
    // Fabrikam claims it too: that says nothing, and contoso's record is no proof of theirs.
    let (status, theirs) = scene.bob(Method::POST, "", json!({ "host": NAME })).await;
    assert!(status == 201 && theirs["value"] != claim["value"], "{theirs}");
    scene.lay_down(&claim);
    let (_, looked) = scene.bob(Method::POST, &format!("/{NAME}/check"), json!({})).await;
    assert_eq!(looked["standing"], "pending", "{looked}");
    let (status, proved) = scene.alice(Method::POST, &format!("/{NAME}/check"), json!({})).await;
    assert_eq!(
        (status, &proved["standing"], &proved["proof"]),
        (200, &json!("active"), &json!("dns")),
        "{proved}"
    );
    assert_eq!(scene.at(port, NAME).await, 401, "it is contoso's, at once on this node");
    if let Some(second) = &second {
        scene.town.eventually(async || (scene.at(second.port, NAME).await == 401).then_some(())).await;
    }
    let (_, page) = scene.alice(Method::GET, "", Value::Null).await;
    assert_eq!(page["items"][0]["host"], NAME, "{page}");
    let (status, _) = scene.alice(Method::DELETE, &format!("/{NAME}"), Value::Null).await;
    assert_eq!((status, scene.at(port, NAME).await), (204, 403), "given back");
    // It rests: not even a proof opens it to others now.
    scene.lay_down(&theirs);
    let (status, held) = scene.bob(Method::POST, &format!("/{NAME}/check"), json!({})).await;
    assert_eq!((status, &held["code"]), (409, &json!("domain.held")), "{held}");
}

#[tokio::test]
async fn a_domain_maps_from_its_proof_until_it_is_given_back_on_sqlite() {
    a_domain_from_claim_to_request(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_domain_maps_from_its_proof_until_it_is_given_back_on_postgresql() {
    a_domain_from_claim_to_request(Engine::Postgres).await;
}

#[tokio::test]
async fn names_of_the_platform_and_suffixes_cannot_be_claimed_in_any_spelling() {
    let mut scene = Scene::build(Engine::Sqlite).await;
    for host in [
        "console.partywall.localhost",
        "CONSOLE.partywall.localhost.",
        "partywall.localhost",
        "x.partywall.localhost",
    ] {
        let (status, refused) = scene.bob(Method::POST, "", json!({ "host": host })).await;
        assert_eq!((status, &refused["code"]), (422, &json!("hostname.reserved")), "{host}: {refused}");
    }
    for host in ["com", "co.uk", "127.0.0.1", "*.fabrikam.localhost", "http://fabrikam.localhost/", ""] {
        let (status, refused) = scene.bob(Method::POST, "", json!({ "host": host })).await;
        assert_eq!((status, &refused["code"]), (422, &json!("input.invalid")), "{host}: {refused}");
    }
    // Twins in other spellings are one claim.
    for host in ["bücher.localhost.test", "XN--BCHER-KVA.localhost.test."] {
        let (_, claim) = scene.bob(Method::POST, "", json!({ "host": host })).await;
        assert_eq!(claim["host"], "xn--bcher-kva.localhost.test", "{claim}");
    }
    let (_, all) = scene.bob(Method::GET, "", Value::Null).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
}

#[tokio::test]
async fn a_file_proves_a_domain_and_a_redirect_to_one_does_not() {
    let mut scene = Scene::build(Engine::Sqlite).await;
    let (_, claim) = scene.alice(Method::POST, "", json!({ "host": NAME })).await;
    let value = text(&claim["value"]).to_owned();
    let check = format!("/{NAME}/check");
    for head in ["302 Found\r\nlocation: http://127.0.0.1/", "404 Not Found"] {
        scene.web.says(head, &value);
        let (_, looked) = scene.alice(Method::POST, &check, json!({})).await;
        assert_eq!(looked["standing"], "pending", "{head}: {looked}");
    }
    for body in [format!("{value}x"), "x".repeat(64 * 1024), String::new()] {
        scene.web.says("200 OK", &body);
        let (_, looked) = scene.alice(Method::POST, &check, json!({})).await;
        assert_eq!(looked["standing"], "pending", "{looked}");
    }
    scene.web.says("200 OK", &format!("{value}\n"));
    let (_, proved) = scene.alice(Method::POST, &check, json!({})).await;
    assert_eq!((&proved["standing"], &proved["proof"]), (&json!("active"), &json!("http")), "{proved}");
}

#[tokio::test]
async fn a_name_server_that_hangs_or_talks_without_end_proves_nothing() {
    let mut scene = Scene::build(Engine::Sqlite).await;
    let (_, claim) = scene.alice(Method::POST, "", json!({ "host": NAME })).await;
    let check = format!("/{NAME}/check");
    scene.lay_down(&claim);
    for (mood, said) in [(Mood::Silent, "gave no answer"), (Mood::Endless, "more TXT records")] {
        scene.dns.be(mood);
        let (status, looked) = scene.alice(Method::POST, &check, json!({})).await;
        assert_eq!((status, &looked["standing"]), (200, &json!("pending")), "{mood:?}: {looked}");
        assert!(text(&looked["missing"]).contains(said), "{mood:?}: {looked}");
    }
    scene.dns.be(Mood::Helpful);
    let (_, proved) = scene.alice(Method::POST, &check, json!({})).await;
    assert_eq!(proved["standing"], "active", "{proved}");
}

// A command blocks the thread that runs it, and the name server must answer meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_whose_proof_is_gone_is_warned_of_and_let_go_by_itself() {
    let mut scene = Scene::build_with(Engine::Sqlite, &["domains.recheck=1s", "domains.grace=8s"]).await;
    let port = scene.town.node.port;
    let within = ["--tenant", &scene.town.contoso.clone(), "--reason", "to show how a domain is let go"];
    let run = |words: &[&str]| {
        [words, &within[..]].concat().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let partywall = |scene: &Scene, words: &[&str]| {
        let words = run(words);
        scene.town.node.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let claim = partywall(&scene, &["domain", "claim", NAME]);
    scene.lay_down(&claim);
    assert_eq!(partywall(&scene, &["domain", "check", NAME])["standing"], "active");
    assert_eq!(scene.at(port, NAME).await, 401);
    scene.dns.put(text(&claim["record"]), &["something else"]);
    let standing = async |wanted: &str| {
        let seen = partywall(&scene, &["domain", "list"]);
        (seen["items"][0]["standing"] == wanted).then_some(())
    };
    scene.town.eventually(async || standing("warned").await).await;
    assert_eq!(scene.at(port, NAME).await, 401, "warned, and mapped still");
    scene.town.eventually(async || standing("inactive").await).await;
    scene.town.eventually(async || (scene.at(port, NAME).await == 403).then_some(())).await;
    partywall(&scene, &["domain", "remove", NAME]);
    let (_, all) = scene.alice(Method::GET, "", Value::Null).await;
    assert_eq!(all["items"], json!([]));
}

#[tokio::test]
async fn a_domain_shows_its_own_certificate_and_a_name_that_nobody_has_none() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let pair = |name: &str, host: &str| {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate can be made");
        std::fs::write(path(&format!("{name}.pem")), made.cert.pem()).expect("the folder can be written");
        std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).expect("it can");
        made.cert.der().to_vec()
    };
    let (own, theirs) = (pair("own", "*.partywall.localhost"), pair("theirs", NAME));
    pair("strange", "www.fabrikam.localhost");
    let (chain, key) =
        (format!("tls.certificate={}", path("own.pem")), format!("tls.key={}", path("own.key")));
    let mut node = Node::start(folder.path(), "", &[&chain, &key]).await;
    node.run(&["deployment", "create", "Main", "--upstream", "http://127.0.0.1:9"]);
    let tenant = node.run(&["tenant", "create", "contoso", "--name", "Contoso"]);
    let tenant = text(&tenant["id"]).to_owned();
    let lay_down = |node: &Node, name: &str, chain: &str, key: &str| {
        let (chain, key) = (path(&format!("{chain}.pem")), path(&format!("{key}.key")));
        let words = ["domain", "certificate", name, "--chain", &chain, "--key", &key, "--tenant", &tenant];
        node.try_run(&[&words[..], &["--reason", "to show a certificate"]].concat())
    };
    let (good, _, said) = lay_down(&node, NAME, "theirs", "theirs");
    assert!(!good && said.contains("item.unknown"), "the name is not contoso's: {said}");
    node.run(&["tenant", "add-hostname", &tenant, NAME]);
    for (chain, key, why) in
        [("strange", "strange", "not for this name"), ("theirs", "own", "does not belong")]
    {
        let (good, _, said) = lay_down(&node, NAME, chain, key);
        assert!(!good && said.contains(why), "{said}");
    }
    let (good, out, said) = lay_down(&node, NAME, "theirs", "theirs");
    assert!(good && out.contains("ends_at") && !out.contains("PRIVATE"), "{out}{said}");
    let mut tries = 0;
    while shown(node.port, NAME).await != theirs {
        tries += 1;
        assert!(tries < 200, "the certificate is not shown:\n{}", node.output());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(shown(node.port, "contoso.partywall.localhost").await, own);
    assert!(shown(node.port, "unknown.example").await.is_empty(), "nobody here has that name");
    // After a restart it is there, and with the name it goes.
    node.stop().await;
    let node = Node::start(folder.path(), "", &[&chain, &key]).await;
    assert_eq!(shown(node.port, NAME).await, theirs);
    node.run(&["tenant", "remove-hostname", &tenant, NAME]);
    let mut tries = 0;
    while !shown(node.port, NAME).await.is_empty() {
        tries += 1;
        assert!(tries < 200, "the certificate is still shown");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
