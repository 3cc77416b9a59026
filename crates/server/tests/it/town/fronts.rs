//! Other proxies in front of the town, each with the configuration that is shipped for it in `docs/fronts`, as it
//! stands there but for addresses and the base domain.

use super::{Backend, Node, Town, free_port};
use demo::client::{Ask, Browser};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::Instant;

/// A proxy, and the way in which it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Caddy,
    Traefik,
    EnvoyGrpc,
    EnvoyHttp,
}

/// A running proxy. Dropping it kills it.
pub(crate) struct Front {
    child: Child,
    folder: TempDir,
    kind: Kind,
}

/// Where everybody listens.
struct Ports {
    front: u16,
    public: u16,
    decide: u16,
    application: u16,
}

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Kind::Nginx => "nginx",
            Kind::Haproxy => "haproxy",
            Kind::Caddy => "caddy",
            Kind::Traefik => "traefik",
            Kind::EnvoyGrpc | Kind::EnvoyHttp => "envoy",
        }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Kind::Nginx => &["nginx.conf"],
            Kind::Haproxy => &["haproxy.cfg", "partywall.lua"],
            Kind::Caddy => &["Caddyfile"],
            Kind::Traefik => &["traefik.yml"],
            Kind::EnvoyGrpc => &["envoy.yaml"],
            Kind::EnvoyHttp => &["envoy-http.yaml"],
        }
    }

    /// Whether it is here. Debian has the first three; the others come from a registry, which may not have
    /// them for this machine: then that is said aloud, and `./test` counts it.
    pub(crate) fn is_here(self) -> bool {
        let version = if matches!(self, Kind::EnvoyGrpc | Kind::EnvoyHttp) { "--version" } else { "version" };
        let version = if matches!(self, Kind::Nginx | Kind::Haproxy) { "-v" } else { version };
        let asked =
            Command::new(self.program()).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if asked.is_ok_and(|status: ExitStatus| status.success()) {
            return true;
        }
        assert!(
            !matches!(self, Kind::Nginx | Kind::Haproxy | Kind::Caddy),
            "{} is not installed; `./test install` does that",
            self.program()
        );
        let words = format!("\nIGNORED: {self:?}, since there is no {} here\n", self.program());
        // Past the runner, which keeps what a test that passes has said.
        std::io::stderr().write_all(words.as_bytes()).expect("there is somebody to tell");
        false
    }

    fn command(self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(self.program());
        let shelf = folder.join("shipped");
        let file = shelf.join(self.files()[0]);
        match self {
            Kind::Nginx => {
                let alone = format!("daemon off; master_process off; pid {}/pid;", folder.display());
                command.arg("-e").arg("stderr").arg("-p").arg(folder).arg("-g").arg(alone).arg("-c").arg(file)
            }
            // The script is named by where it lies from here.
            Kind::Haproxy => command.arg("-db").arg("-f").arg(file).current_dir(&shelf),
            Kind::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file),
            Kind::Traefik => command
                .arg(format!("--entrypoints.web.address=127.0.0.1:{port}"))
                .arg(format!("--providers.file.filename={}", file.display())),
            Kind::EnvoyGrpc | Kind::EnvoyHttp => {
                command.args(["--disable-hot-restart", "--concurrency", "1", "-c"]).arg(file)
            }
        };
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        command
    }
}

impl Front {
    async fn start(kind: Kind, ports: &Ports) -> Self {
        let mut front = Self::begin(kind, ports, &|shipped| shipped);
        front.wait_until_ready(ports.front).await;
        front
    }

    /// Starts one with what is shipped for it, changed in this way.
    fn begin(kind: Kind, ports: &Ports, change: &dyn Fn(String) -> String) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        // Traefik takes a file of this name that it finds at home for another one.
        let shelf = folder.path().join("shipped");
        std::fs::create_dir(&shelf).expect("the folder can be written");
        for file in kind.files() {
            let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/fronts").join(file);
            let shipped = std::fs::read_to_string(shipped).expect("it is shipped");
            let filled = change(ports.fill_in(&shipped));
            std::fs::write(shelf.join(file), filled).expect("the folder can be written");
        }
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder can be written");
        let child = kind
            .command(folder.path(), ports.front)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("it was there a moment ago");
        Front { child, folder, kind }
    }

    /// Starts one before a town that is there already, with what is shipped for it, changed in this way. Gives the port.
    pub(crate) async fn before(
        town: &Town,
        (kind, decide): (Kind, u16),
        change: impl Fn(String) -> String,
    ) -> (Self, u16) {
        let application = town.backend.origin.rsplit(':').next().and_then(|port| port.parse().ok());
        let application = application.expect("an origin ends in a port");
        let ports = Ports { front: free_port(), public: town.node.port, decide, application };
        let front = Self::begin(kind, &ports, &change);
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", ports.front)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "{kind:?} does not serve:\n{}", front.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        (front, ports.front)
    }

    async fn wait_until_ready(&mut self, port: u16) {
        let begun = Instant::now();
        // Some listen before they know where to lead people.
        let door = Ask::get(&format!("http://id.partywall.localhost:{port}/"));
        while !Browser::new().send(&door).await.is_ok_and(|page| page.status.as_u16() < 400) {
            let ended = self.child.try_wait().expect("a child can be asked");
            let late = begun.elapsed() > PATIENCE;
            assert!(ended.is_none() && !late, "{:?} does not serve:\n{}", self.kind, self.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ports {
    /// In two steps, since a port of ours may hold a shipped one's digits.
    fn fill_in(&self, shipped: &str) -> String {
        let ports =
            [("8000", self.front), ("8080", self.public), ("8081", self.decide), ("3000", self.application)];
        let marked = shipped.replace("example.com", "partywall.localhost");
        let marked = ports.iter().fold(marked, |text, (from, _)| text.replace(from, &mark(from)));
        ports.iter().fold(marked, |text, (from, to)| text.replace(&mark(from), &to.to_string()))
    }
}

/// What stands for a shipped port in between.
fn mark(port: &str) -> String {
    port.chars().map(|digit| char::from(digit as u8 - b'0' + b'A')).collect()
}

impl Town {
    /// A town that is reached through another proxy only, which asks the node about every request and forwards
    /// it by itself.
    pub(crate) async fn build_behind(kind: Kind) -> (Self, Front) {
        let backend = Backend::start().await;
        let application = backend.origin.rsplit(':').next().and_then(|port| port.parse().ok());
        let ports = Ports {
            front: free_port(),
            public: free_port(),
            decide: free_port(),
            application: application.expect("an origin ends in a port"),
        };
        let settings = [
            format!("public.port={}", ports.front),
            format!("listen.decide=127.0.0.1:{}", ports.decide),
            "listen.trusted_proxies=127.0.0.0/8".to_owned(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let node = Node::start_at(folder.path(), "", ports.public, &settings).await;
        let front = Front::start(kind, &ports).await;
        (Self::found(folder, String::new(), node, backend).await, front)
    }
}
