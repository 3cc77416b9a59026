//! Attacks that were published, each by its name, on the binary as it is run: what the backend hears is kept byte by
//! byte, and whoever asks next gets the answer to what they asked.

mod conformance;
mod downgrades;
mod floods;
mod framing;
mod heads;
mod ways_out;

use crate::town::{Frames, Heard, Node, Tap, frames};
use std::time::Duration;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A node with one tenant, a route that is open to everybody, and a backend that keeps what it hears.
struct Scene {
    node: Node,
    tap: Tap,
    host: String,
    tenant: String,
    _folder: TempDir,
}

/// What is sent over a connection of HTTP/1.1, the statuses that it is answered with, and what the backend hears.
struct Attack {
    bytes: Vec<u8>,
    answers: Vec<u16>,
    heard: Vec<&'static str>,
}

/// What a backend must not hear unless it was asked in the open.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: ~\r\n\r\n";
/// How long the end of a connection may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Refused, with nothing read after it.
fn refused(status: u16, bytes: impl AsRef<[u8]>) -> Attack {
    Attack { bytes: bytes.as_ref().to_vec(), answers: vec![status], heard: vec![] }
}

/// Forwarded as this one request, with nothing read after it.
fn last(asked: &'static str, bytes: impl AsRef<[u8]>) -> Attack {
    Attack { bytes: bytes.as_ref().to_vec(), answers: vec![200], heard: vec![asked] }
}

/// These requests one after the other, all of them in the open, and whatever is asked next over the same connection.
fn in_turn(asked: &[&'static str], bytes: impl AsRef<[u8]>) -> Attack {
    let heard = [asked, &["GET /next"]].concat();
    Attack { bytes: bytes.as_ref().to_vec(), answers: vec![200; heard.len()], heard }
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let node = Node::start(folder.path(), "", &[]).await;
        let tap = Tap::start().await;
        let deployment = node.run(&["deployment", "create", "Main", "--upstream", &tap.origin]);
        let deployment = deployment["id"].as_str().expect("an id");
        let tenant =
            node.run(&["tenant", "create", "contoso", "--name", "Contoso", "--deployment", deployment]);
        let tenant = tenant["id"].as_str().expect("an id").to_owned();
        let routes = folder.path().join("routes.json");
        let open = r#"[{"name": "open", "host": "*.partywall.localhost", "open": true}]"#;
        std::fs::write(&routes, open).expect("the folder can be written");
        node.run(&["route", "put", routes.to_str().expect("a plain path")]);
        let host = format!("contoso.partywall.localhost:{}", node.port);
        let scene = Scene { node, tap, host, tenant, _folder: folder };
        // What was put is heard of within a moment.
        for _ in 0..400 {
            if scene
                .say(b"GET /ready HTTP/1.1\r\nHost: ~\r\nConnection: close\r\n\r\n")
                .await
                .contains(" 200 ")
            {
                scene.tap.heard();
                return scene;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the route is not there:\n{}", scene.node.output());
    }

    /// These bytes with the host's name in place of `~`, and all that is said to them until the connection ends.
    async fn say(&self, bytes: &[u8]) -> String {
        let host = self.host.as_bytes();
        let bytes: Vec<u8> =
            bytes.iter().flat_map(|byte| if *byte == b'~' { host.to_vec() } else { vec![*byte] }).collect();
        let mut stream = TcpStream::connect(("127.0.0.1", self.node.port)).await.expect("the node listens");
        // Whoever is cut off while sending reads what was said before that.
        let _ = stream.write_all(&bytes).await;
        let mut said = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut said)).await;
        assert!(ended.is_ok(), "it goes on after {:?}", String::from_utf8_lossy(&said));
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Tries each of these, and asks for something innocent after it, over the same connection and over another one.
    async fn withstands(&self, attacks: Vec<(&str, Attack)>) {
        let mut wrong = Vec::new();
        for (at, (name, attack)) in attacks.into_iter().enumerate() {
            let next = b"GET /next HTTP/1.1\r\nHost: ~\r\nConnection: close\r\n\r\n";
            let said = self.say(&[attack.bytes.as_slice(), next].concat()).await;
            let victim = self.victim(at).await;
            let heard = self.tap.heard();
            let asked: Vec<_> = heard.iter().map(|heard| heard.asked.as_str()).collect();
            let answers = statuses(&said);
            let expected = [attack.heard.as_slice(), &[victim.as_str()]].concat();
            if answers != attack.answers || asked != expected {
                wrong.push(format!("{name}: {answers:?} {asked:?}"));
            }
            wrong.extend(
                heard
                    .iter()
                    .filter(|heard| heard.all("partywall-tenant") != [self.tenant.as_str()])
                    .map(|heard| format!("{name}: whose it is was not said, or not by us: {heard:?}")),
            );
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(self.tap.odd(), Vec::<String>::new());
    }

    /// Somebody else asks, and gets the answer to that.
    async fn victim(&self, at: usize) -> String {
        let asked = format!("GET /victim/{at}");
        let said =
            self.say(format!("{asked} HTTP/1.1\r\nHost: ~\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with(&format!("\r\n\r\n{asked}")), "{said}");
        asked
    }

    async fn frames(&self) -> Frames {
        Frames::open(self.node.port).await
    }

    /// The block of a sound request.
    fn block(&self, method: &str) -> Vec<u8> {
        let fields = [(":method", method), (":scheme", "http"), (":authority", &self.host), (":path", "/x")];
        fields.iter().flat_map(|(name, value)| frames::field(name, value)).collect()
    }

    /// The only request that was heard.
    fn only(&self) -> Heard {
        let mut heard = self.tap.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }
}

/// The statuses of all answers, save for those that only say that more may be sent.
fn statuses(said: &str) -> Vec<u16> {
    let parts = said.split("HTTP/1.1 ").skip(1);
    parts.filter_map(|part| part.get(..3)?.parse().ok()).filter(|status| *status != 100).collect()
}
