//! Certificates that are ordered from a real authority, for names that are really proved (ledger A06).

use crate::town::{Dns, Engine, Node, Pebble, connector, free_port, named, new_database};
use demo::client::{Ask, Browser};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

const NAME: &str = "surveys.contoso.test";

/// An installation that ends TLS and orders certificates, and what it needs for that.
struct Scene {
    folder: TempDir,
    database: String,
    settings: Vec<String>,
    node: Node,
    dns: Dns,
    authority: Pebble,
    tenant: String,
    plain: u16,
}

impl Scene {
    /// `ways` is how the authority may ask; it looks for files at `looks`, or where the node answers plain HTTP.
    async fn build(engine: Engine, ways: &str, looks: Option<u16>) -> Self {
        Self::build_bound(engine, ways, looks, None).await
    }

    /// The same, at an authority that knows us by this id and key.
    async fn build_bound(
        engine: Engine,
        ways: &str,
        looks: Option<u16>,
        bound: Option<(&str, &str)>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let database = new_database(engine, &folder).await;
        let (port, plain) = (free_port(), free_port());
        let dns = Dns::start().await;
        let authority = Pebble::start(&dns, (looks.unwrap_or(plain), port), bound).await;
        let made = rcgen::generate_simple_self_signed(["*.partywall.localhost".to_owned()]);
        let made = made.expect("a certificate can be made");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("own.pem"), made.cert.pem()).expect("the folder can be written");
        std::fs::write(path("own.key"), made.signing_key.serialize_pem()).expect("it can");
        let mut settings = authority.settings().to_vec();
        if let Some((id, key)) = bound {
            std::fs::write(path("binding.key"), format!("{key}\n")).expect("the folder can be written");
            settings.extend([
                format!("acme.binding_id={id}"),
                format!("acme.binding_key={}", path("binding.key")),
            ]);
        }
        settings.extend([
            format!("tls.certificate={}", path("own.pem")),
            format!("tls.key={}", path("own.key")),
            format!("domains.resolvers={}", dns.address),
            format!("acme.challenges={ways}"),
            "acme.retry=1s".to_owned(),
        ]);
        let mut all = settings.clone();
        all.push(format!("listen.plain=127.0.0.1:{plain}"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let node = Node::start_at(folder.path(), &database, port, &all).await;
        node.run(&["deployment", "create", "Main", "--upstream", "http://127.0.0.1:9"]);
        let tenant = node.run(&["tenant", "create", "contoso", "--name", "Contoso"]);
        let tenant = tenant["id"].as_str().expect("an id").to_owned();
        Scene { folder, database, settings, node, dns, authority, tenant, plain }
    }

    /// One more node of the same installation.
    async fn another(&self) -> Node {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        Node::start(self.folder.path(), &self.database, &settings).await
    }

    fn domain(&self, words: &[&str]) -> Value {
        let within = ["--tenant", &self.tenant, "--reason", "to show how certificates are ordered"];
        self.node.run(&[&["domain"], words, &within].concat())
    }

    /// Contoso proves the name.
    fn prove(&self) {
        let claim = self.domain(&["claim", NAME]);
        let text = |name: &str| claim[name].as_str().expect("a claim says it").to_owned();
        self.dns.put(&text("record"), &[&text("value")]);
        assert_eq!(self.domain(&["check", NAME])["standing"], "active");
    }

    fn certificate(&self) -> Value {
        self.domain(&["list"])["items"][0]["certificate"].clone()
    }

    /// Whether whoever believes the authority, and nobody else, is content with what the node shows for the name.
    async fn is_content(&self, port: u16) -> bool {
        let root = self.authority.root().await.expect("the authority has one");
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the node listens");
        connector(&root).connect(named(NAME), stream).await.is_ok()
    }

    async fn until(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        for _ in 0..400 {
            if done().await {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{what} did not come about; the node said:\n{}", self.node.output());
    }
}

async fn a_proved_domain(engine: Engine) {
    let scene = Scene::build(engine, "http-01", None).await;
    let second = match engine {
        Engine::Postgres => Some(scene.another().await),
        Engine::Sqlite => None,
    };
    let port = scene.node.port;
    assert!(!scene.is_content(port).await, "nobody has that name yet");
    scene.prove();
    scene.until("a certificate", async || scene.is_content(port).await).await;
    let certificate = scene.certificate();
    assert_eq!((&certificate["standing"], &certificate["why"]), (&json!("ordered"), &Value::Null));
    assert!(certificate["ends_at"].is_string() && certificate["next_at"].is_string(), "{certificate}");
    if let Some(second) = &second {
        scene.until("the same there", async || scene.is_content(second.port).await).await;
        let ordered =
            [&scene.node, second].map(|node| node.output().matches("certificates were begun").count());
        assert_eq!(ordered.iter().sum::<usize>(), 1, "one of them ordered");
    }
    let (_, page) = scene.node.private("/metrics").await;
    assert!(page.contains("partywall_tls_certificates 1\n"), "{page}");
    for of in ["installation", "domains"] {
        let line = format!("partywall_tls_certificate_ends_seconds{{of=\"{of}\"}}");
        assert!(page.contains(&line), "{page}");
    }
    // Plain HTTP leads to https, and knows nothing of questions that nobody asked.
    for path in ["/a?b=c", "/.well-known/acme-challenge/guess"] {
        let ask = Ask::get(&format!("http://127.0.0.1:{}{path}", scene.plain)).with("host", NAME);
        let answer = Browser::new().send(&ask).await.expect("it answers");
        let location = answer.headers["location"].to_str().expect("it leads on").to_owned();
        assert_eq!(
            (answer.status.as_u16(), location),
            (308, format!("https://{NAME}:{}{path}", scene.node.port))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proved_domain_gets_a_certificate_from_a_real_authority_on_sqlite() {
    a_proved_domain(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proved_domain_gets_a_certificate_from_a_real_authority_on_every_node_on_postgresql() {
    a_proved_domain(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_order_is_said_and_the_next_try_proves_the_name_in_the_handshake() {
    // Nobody answers where the authority looks for a file.
    let mut scene = Scene::build(Engine::Sqlite, "http-01,tls-alpn-01", Some(free_port())).await;
    scene.prove();
    let mut said = Value::Null;
    scene
        .until("a refusal", async || {
            said = scene.certificate();
            said["standing"] == "failed"
        })
        .await;
    let why = said["why"].as_str().expect("it says why").to_owned();
    assert!(why.contains("did not find what it looked for") && said["next_at"].is_string(), "{said}");
    let (_, findings, _) = scene.node.try_run(&["doctor", "--no-providers"]);
    assert!(findings.contains(&format!("none is given for {NAME}")), "{findings}");
    let port = scene.node.port;
    scene.until("a certificate", async || scene.is_content(port).await).await;
    assert_eq!(scene.certificate()["standing"], "ordered");
    // After a restart it is there at once, and nothing is ordered again.
    scene.node.stop().await;
    scene.node = scene.another().await;
    assert!(scene.is_content(scene.node.port).await);
    sleep(Duration::from_secs(2)).await;
    assert!(!scene.node.output().contains("certificates were begun"), "{}", scene.node.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_knows_us_already_binds_our_account_to_that() {
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let scene = Scene::build_bound(Engine::Sqlite, "http-01", None, Some(("kid-1", key))).await;
    scene.prove();
    let port = scene.node.port;
    scene.until("a certificate", async || scene.is_content(port).await).await;
    let log = scene.node.output();
    assert!(!log.contains(key), "the key is in no log");
}
