//! One node: the binary as an operator would start it.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Which database a town stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// One file.
    Sqlite,
    /// A database of its own on the server that `PARTYWALL_TEST_POSTGRES` names.
    Postgres,
}

/// A running node. Dropping it kills it.
pub(crate) struct Node {
    child: Child,
    settings: Vec<String>,
    pub(crate) port: u16,
    /// The port that people reach it by, which may be that of a proxy in front.
    pub(crate) facing: u16,
    pub(crate) private_port: u16,
    output: Arc<Mutex<String>>,
}

/// How long a start may take. Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port that nobody listens at, and that no other town of this run was given: those that the system hands
/// out by itself lie above.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 8_000) as u16;
    loop {
        let port = first + NEXT.fetch_add(1, Relaxed) % 8_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment which binary to run")]
    let given = std::env::var_os("PARTYWALL_BIN");
    given.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_partywall")), PathBuf::from)
}

impl Node {
    /// Starts a node with its data in `data` and waits until it is ready.
    pub(crate) async fn start(data: &Path, database: &str, more: &[&str]) -> Self {
        let port = free_port();
        Self::start_at(data, database, port, more).await
    }

    /// The same at a port of the story's choosing.
    pub(crate) async fn start_at(data: &Path, database: &str, port: u16, more: &[&str]) -> Self {
        let private_port = free_port();
        let mut settings = vec![
            format!("data={}", data.display()),
            "development=true".to_owned(),
            format!("listen.public=127.0.0.1:{port}"),
            format!("listen.private=127.0.0.1:{private_port}"),
            format!("listen.socket={}", data.join(format!("{port}.sock")).display()),
            "log.level=info".to_owned(),
            "listen.drain=10s".to_owned(),
            // Everybody in a town comes from one address.
            "limits.sign_ins_per_address=6000".to_owned(),
        ];
        if !database.is_empty() {
            settings.push(format!("database.url={database}"));
        }
        let facing = more.iter().find_map(|setting| setting.strip_prefix("public.port="));
        let facing = facing.map_or(port, |text| text.parse().expect("a port"));
        settings.extend(more.iter().map(|setting| (*setting).to_owned()));
        let mut child = command(&settings, &["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let output = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take().expect("piped"), output.clone());
        keep(child.stderr.take().expect("piped"), output.clone());
        let mut node = Node { child, settings, port, facing, private_port, output };
        node.wait_until_ready().await;
        node
    }

    async fn wait_until_ready(&mut self) {
        let begun = Instant::now();
        while self.private("/readyz").await.0 != 200 {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                panic!("the node ended with {status}:\n{}", self.output());
            }
            assert!(begun.elapsed() < PATIENCE, "the node did not get ready:\n{}", self.output());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Status and body of a page of the private listener; status 0 while nobody answers.
    pub(crate) async fn private(&self, path: &str) -> (u16, String) {
        let address = format!("http://127.0.0.1:{}{path}", self.private_port);
        match demo::client::Browser::new().get(&address).await {
            Ok(page) => (page.status.as_u16(), page.body),
            Err(_) => (0, String::new()),
        }
    }

    /// Everything the node has said so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().expect("nobody panics here").clone()
    }

    /// Bytes of memory that the node holds.
    pub(crate) fn memory(&self) -> u64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("it runs");
        let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        resident.expect("the kernel says so") * 4_096
    }

    /// Runs a command against this node and gives its JSON.
    pub(crate) fn run(&self, arguments: &[&str]) -> Value {
        let (good, out, err) = self.try_run(arguments);
        assert!(good, "partywall {arguments:?} failed:\n{err}\n{out}");
        serde_json::from_str(&out).unwrap_or(Value::String(out))
    }

    /// Whether a command against this node succeeded, and what it said.
    pub(crate) fn try_run(&self, arguments: &[&str]) -> (bool, String, String) {
        let all: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
        let output = command(&self.settings, &all).output().expect("the binary can be started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.success(), text(output.stdout), text(output.stderr))
    }

    /// The origin of a host below the base domain.
    pub(crate) fn origin(&self, label: &str) -> String {
        format!("http://{label}.partywall.localhost:{}", self.facing)
    }

    /// Kills the node as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a killed child can be waited for");
    }

    /// Asks the node to stop and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.tell_to_stop();
        self.wait_until_stopped().await;
    }

    /// Asks the node to stop.
    pub(crate) fn tell_to_stop(&self) {
        self.signal("-TERM");
    }

    /// The node does nothing from now on, and keeps its connections.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// The node goes on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        Command::new("kill").args([signal, &pid]).status().expect("kill is there");
    }

    /// Waits until the node has stopped.
    pub(crate) async fn wait_until_stopped(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().expect("a child can be asked").is_none() {
            assert!(begun.elapsed() < PATIENCE, "the node did not stop:\n{}", self.output());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary that needs no node.
pub(crate) fn offline(settings: &[String], arguments: &[&str]) -> (bool, String) {
    let output = command(settings, arguments).output().expect("the binary can be started");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn command(settings: &[String], arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn keep(from: impl std::io::Read + Send + 'static, to: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut kept = to.lock().expect("nobody panics here");
            kept.push_str(&line);
            kept.push('\n');
        }
    });
}
