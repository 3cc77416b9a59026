//! A backend in a process of its own, so that it can die or hang as processes do. It answers with its name.

use super::free_port;
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::Instant};

/// A backend that runs, hangs or is dead. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Process {
    /// Starts one that answers with `name`.
    pub(crate) async fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let port = free_port();
        let config = format!(
            "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  \
             timeout server 60s\nfrontend it\n  bind 127.0.0.1:{port}\n  \
             http-request return status 200 content-type text/plain string {name}\n"
        );
        std::fs::write(folder.path().join("haproxy.cfg"), config).expect("the folder can be written");
        let child = spawn(&folder);
        let mut process = Process { child, folder, port };
        process.wait().await;
        process
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// It dies without a word.
    pub(crate) fn dies(&mut self) {
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a killed child can be waited for");
    }

    /// It is started again at the same place.
    pub(crate) async fn is_started_again(&mut self) {
        self.child = spawn(&self.folder);
        self.wait().await;
    }

    /// It hangs: the kernel takes connections in its name, and nobody answers.
    pub(crate) fn hangs(&self) {
        self.signal("-STOP");
    }

    /// It goes on.
    pub(crate) fn goes_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        Command::new("kill").args([signal, &pid]).status().expect("kill is there");
    }

    async fn wait(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the backend does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir) -> Child {
    Command::new("haproxy")
        .arg("-db")
        .arg("-f")
        .arg(folder.path().join("haproxy.cfg"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("haproxy is installed; `./test install` does that")
}
