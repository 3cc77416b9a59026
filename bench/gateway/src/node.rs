//! The product as it is released, started as an operator starts it.

use crate::{
    fill::BASE_DOMAIN,
    process::{PROXY, Pinned},
};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// The binary named by `PARTYWALL_BIN`, or else a fresh release build.
pub(crate) async fn find() -> Result<PathBuf, String> {
    match given() {
        Some(path) => Ok(path),
        None => build().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the one setting from outside: a binary that is built already")]
fn given() -> Option<PathBuf> {
    std::env::var_os("PARTYWALL_BIN").map(PathBuf::from)
}

/// Builds the binary and asks cargo where it put it.
async fn build() -> Result<PathBuf, String> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", "server", "--bin", "partywall"]);
    cargo.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()).stderr(Stdio::inherit());
    let built = cargo.output().await.map_err(|error| format!("cargo could not be run: {error}"))?;
    if !built.status.success() {
        return Err(format!("partywall could not be built: {}", built.status));
    }
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let last = messages.filter_map(|message| message.executable).next_back();
    last.ok_or_else(|| "cargo did not say where partywall is".to_owned())
}

/// Where a node keeps its files.
pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Starts a node. Everything is as by default, save for the addresses and one thing: no line is logged for
/// each request, since the other proxies write none either.
pub(crate) fn start(
    binary: &Path,
    folder: &Path,
    public: SocketAddr,
    private: SocketAddr,
    decide: SocketAddr,
    more: &[String],
) -> Result<Pinned, String> {
    let mut settings = vec![
        format!("data={}", data(folder).display()),
        format!("base_domain={BASE_DOMAIN}"),
        format!("listen.public={public}"),
        format!("listen.private={private}"),
        format!("listen.decide={decide}"),
        "log.level=warn".to_owned(),
    ];
    settings.extend_from_slice(more);
    let mut arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    arguments.push("serve");
    Pinned::start("partywall", PROXY, binary, &arguments, folder)
}

/// The command line of a running node.
pub(crate) struct Cli<'b> {
    pub(crate) binary: &'b Path,
    pub(crate) folder: &'b Path,
}

impl Cli<'_> {
    /// Runs a command, and gives what it says.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.binary);
        command.arg("--set").arg(format!("data={}", data(self.folder).display())).args(arguments);
        let output =
            command.stdin(Stdio::null()).output().await.map_err(|error| format!("partywall: {error}"))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(said(&output.stdout));
        }
        Err(format!("partywall {}: {}{}", arguments.join(" "), said(&output.stdout), said(&output.stderr)))
    }
}
