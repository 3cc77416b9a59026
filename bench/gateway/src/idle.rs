//! What a connection costs on which nothing is asked: so many are opened, each asks once and is kept, and the memory
//! that a proxy grew by is divided by their number. Each proxy has its turn, in the clear and by TLS. What the kernel
//! holds for a connection is the same for all, and is not in it.

use crate::{
    addresses,
    ask::{Ask, Line},
    await_answer,
    fill::{self, Size, Town},
    node,
    process::{PROXY, Pinned, REST},
    say,
};
use std::{fmt::Write, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpSocket, process::Command, time::sleep};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName},
    },
};

/// Connections from one address of the machine: fewer than it has ports to give away.
const FROM_ONE: usize = 20_000;
/// What a proxy needs besides for files, pipes and the application.
const SPARE: usize = 1_000;
/// So long a proxy is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);

/// A proxy and how it is started; ours is first.
type Start<'s> = (&'static str, Box<dyn Fn(bool, SocketAddr, SocketAddr) -> Result<Pinned, String> + 's>);

/// What was measured of one.
struct Held {
    name: &'static str,
    secure: bool,
    before: u64,
    after: u64,
}

/// Measures each proxy with so many connections.
pub(crate) async fn measure(binary: &Path, connections: usize) -> Result<(), String> {
    allow(2 * connections + 4 * SPARE).await?;
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let folder = folder.path();
    let [application, public, private, decide] = addresses()?;
    let start_node = |at, more: &[String]| node::start(binary, folder, at, private, decide, more);
    let first = start_node(public, &[])?;
    await_answer(private, &Ask { host: "localhost", path: "/readyz", ..Ask::default() }).await?;
    first.end().await?;
    let town = fill::fill(&node::data(folder), Size { tenants: 1_000, people: 1 }, application).await?;
    let root = certificate(folder, &town)?;
    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let upstream = Pinned::start("upstream", REST, &own, &["upstream", &application.to_string()], folder)?;

    let room = connections + SPARE;
    let starts: [Start<'_>; 3] = [
        (
            "Partywall",
            Box::new(move |secure, at, _| {
                let mut more =
                    vec![format!("listen.connections={room}"), "listen.uncounted=127.0.0.0/8".to_owned()];
                if secure {
                    let path = |name: &str| folder.join(name).display().to_string();
                    more.push(format!("tls.certificate={}", path("idle.pem")));
                    more.push(format!("tls.key={}", path("idle.key")));
                }
                start_node(at, &more)
            }),
        ),
        ("HAProxy", Box::new(move |secure, at, to| haproxy(folder, room, secure, at, to))),
        ("nginx", Box::new(move |secure, at, to| nginx(folder, room, secure, at, to))),
    ];
    let host = &town.people[0].tenant.host;
    let mut all = Vec::new();
    for secure in [false, true] {
        for (name, start) in &starts {
            let [at] = addresses()?;
            let crowd = Crowd { at, host, root: secure.then_some(&root) };
            let process = start(secure, at, application)?;
            let held = crowd.is_held(name, &process, connections).await?;
            all.push(held);
            process.end().await?;
        }
    }
    println!("\n{}", table(&all, connections));
    upstream.end().await
}

/// Everybody who connects.
struct Crowd<'c> {
    at: SocketAddr,
    host: &'c str,
    /// What is believed, where TLS is spoken.
    root: Option<&'c CertificateDer<'static>>,
}

impl Crowd<'_> {
    async fn is_held(
        &self,
        name: &'static str,
        process: &Pinned,
        connections: usize,
    ) -> Result<Held, String> {
        let tls = self.root.map(connector).transpose()?;
        // What a proxy makes once, it has made when somebody was served.
        self.arrives(&tls, 200).await?;
        sleep(SETTLE).await;
        let before = process.memory()?;
        let mut crowd = self.open(&tls, connections).await?;
        sleep(SETTLE).await;
        let after = process.memory()?;
        for line in crowd.iter_mut().step_by(connections.div_ceil(100)) {
            line.ask(self.asked()).await.map_err(|error| format!("{name} let one go: {error}"))?;
        }
        let secure = tls.is_some();
        say(&format!(
            "{name:10} {:3} {connections} held, {before} KiB before, {after} KiB after",
            kind(secure)
        ));
        Ok(Held { name, secure, before, after })
    }

    /// Waits until it answers, and has this many ask and go.
    async fn arrives(&self, tls: &Option<TlsConnector>, visitors: usize) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..3_000 {
            match self.open(tls, 1).await {
                Ok(_) => return self.open(tls, visitors).await.map(drop),
                Err(error) => last = error,
            }
            sleep(Duration::from_millis(10)).await;
        }
        Err(format!("no good answer at {}: {last}", self.at))
    }

    async fn open(&self, tls: &Option<TlsConnector>, connections: usize) -> Result<Vec<Line>, String> {
        let mut crowd = Vec::with_capacity(connections);
        for at in 0..connections {
            let words = |error: std::io::Error| format!("connection {at}: {error}");
            let socket = TcpSocket::new_v4().map_err(words)?;
            let from = format!("127.0.1.{}:0", 1 + at / FROM_ONE);
            socket.bind(from.parse().map_err(|_| "too many connections")?).map_err(words)?;
            let stream = socket.connect(self.at).await.map_err(words)?;
            let mut line = match tls {
                None => Line::over(stream).await?,
                Some(tls) => {
                    let name =
                        ServerName::try_from(self.host.to_owned()).map_err(|error| error.to_string())?;
                    Line::over(tls.connect(name, stream).await.map_err(words)?).await?
                }
            };
            let answer = line.ask(self.asked()).await?;
            if answer.status != 200 {
                return Err(format!("connection {at}: {} {}", answer.status, answer.text));
            }
            crowd.push(line);
        }
        Ok(crowd)
    }

    fn asked(&self) -> Ask<'_> {
        Ask { host: self.host, path: fill::OPEN, ..Ask::default() }
    }
}

/// Lets this process and those that it starts hold so many files open.
async fn allow(files: usize) -> Result<(), String> {
    let own = std::process::id().to_string();
    let limit = format!("--nofile={files}:{files}");
    let done = Command::new("prlimit").args(["--pid", &own, &limit]).status().await;
    match done.map_err(|error| format!("prlimit: {error}"))?.success() {
        true => Ok(()),
        false => Err(format!("this machine does not allow {files} open files; ask for fewer --connections")),
    }
}

/// A certificate for every tenant's host, as a pair of files and as one.
fn certificate(folder: &Path, town: &Town) -> Result<CertificateDer<'static>, String> {
    let host = &town.people[0].tenant.host;
    let wild = host.split_once('.').map_or(host.clone(), |(_, base)| format!("*.{base}"));
    let made = rcgen::generate_simple_self_signed([wild]).map_err(|error| error.to_string())?;
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    for (name, text) in [("idle.pem", &cert), ("idle.key", &key), ("idle-both.pem", &format!("{cert}{key}"))]
    {
        std::fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(made.cert.der().clone())
}

fn connector(root: &CertificateDer<'static>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).map_err(|error| error.to_string())?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn haproxy(
    folder: &Path,
    room: usize,
    secure: bool,
    at: SocketAddr,
    to: SocketAddr,
) -> Result<Pinned, String> {
    let tls = if secure { format!(" ssl crt {}/idle-both.pem", folder.display()) } else { String::new() };
    let config = format!(
        "global
    nbthread 1
    maxconn {room}
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 600s
frontend public
    bind {at}{tls}
    default_backend application
backend application
    http-reuse always
    server application {to}
"
    );
    let file = written(folder, "idle-haproxy.cfg", &config)?;
    Pinned::start("haproxy", PROXY, Path::new("haproxy"), &["-db", "-f", &file], folder)
}

fn nginx(folder: &Path, room: usize, secure: bool, at: SocketAddr, to: SocketAddr) -> Result<Pinned, String> {
    let here = folder.display();
    let tls = match secure {
        true => format!("ssl_certificate {here}/idle.pem; ssl_certificate_key {here}/idle.key;"),
        false => String::new(),
    };
    let listen = if secure { " ssl" } else { "" };
    let config = format!(
        "daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {here}/idle.pid;
error_log {here}/idle.log warn;
events {{ worker_connections {room}; }}
http {{
    access_log off;
    client_body_temp_path {here}/nginx-client;
    proxy_temp_path {here}/nginx-proxy;
    fastcgi_temp_path {here}/nginx-fastcgi;
    uwsgi_temp_path {here}/nginx-uwsgi;
    scgi_temp_path {here}/nginx-scgi;
    keepalive_timeout 600s;
    upstream application {{ server {to}; keepalive 16; }}
    server {{
        listen {at}{listen};
        {tls}
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_pass http://application;
        }}
    }}
}}
",
        files = 2 * room
    );
    let file = written(folder, "idle-nginx.conf", &config)?;
    Pinned::start("nginx", PROXY, Path::new("nginx"), &["-c", &file], folder)
}

fn written(folder: &Path, name: &str, text: &str) -> Result<String, String> {
    let file = folder.join(name);
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file.display().to_string())
}

fn kind(secure: bool) -> &'static str {
    if secure { "TLS" } else { "TCP" }
}

fn table(all: &[Held], connections: usize) -> String {
    let each = |held: &Held| held.after.saturating_sub(held.before) as f64 * 1_024.0 / connections as f64;
    let mut text = format!("| {connections} that rest | | bytes each | × HAProxy |\n|---|---|---|---|\n");
    for held in all {
        let peer = all.iter().find(|peer| peer.secure == held.secure && peer.name == "HAProxy");
        let ratio = peer.map_or(f64::NAN, |peer| each(held) / each(peer));
        let _ =
            writeln!(text, "| {} | {} | **{:.0}** | {ratio:.2} |", held.name, kind(held.secure), each(held));
    }
    text
}
