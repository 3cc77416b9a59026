//! The product, as an operator has it: a binary, a configuration file, a running node, and commands.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Ask, Browser};
use crate::ground::{BASE_DOMAIN, Ground, PROXY};

/// How long a node may take until it is ready. The first start makes keys and tables.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a command may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How long a node may take to finish what is under way.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The product could not be built, started or asked.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// The build failed; its own words are on the screen.
    #[error("the product could not be built: {0}")]
    Build(String),
    /// The system said no.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The node ended, or never became ready.
    #[error("partywall did not start: {0}")]
    NotReady(String),
    /// A command ended with an error.
    #[error("partywall {command}: {words}")]
    Refused {
        /// The command, without what may be secret.
        command: String,
        /// What it said.
        words: String,
    },
}

fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> ProductError {
    move |source| ProductError::System { what: what.into(), source }
}

/// The binary.
#[derive(Clone, Debug)]
pub struct Binary(PathBuf);

impl Binary {
    /// The one named by `PARTYWALL_BIN`, or else a fresh release build.
    pub async fn find() -> Result<Self, ProductError> {
        match given() {
            Some(path) => Ok(Self(path)),
            None => build().await.map(Self),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the demo has one setting from outside: a binary that is built already"
)]
fn given() -> Option<PathBuf> {
    env::var_os("PARTYWALL_BIN").map(PathBuf::from)
}

/// Builds the binary as it is released and asks cargo where it put it, so that it does not matter which
/// target directory is set.
async fn build() -> Result<PathBuf, ProductError> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", "server", "--bin", "partywall"]);
    cargo.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()).stderr(Stdio::inherit());
    let built = cargo.output().await.map_err(system("cargo could not be run"))?;
    if !built.status.success() {
        return Err(ProductError::Build(built.status.to_string()));
    }
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let last = messages.filter_map(|message| message.executable).next_back();
    last.ok_or_else(|| ProductError::Build("cargo did not say where the binary is".to_owned()))
}

/// A running node with its folder.
pub struct Node {
    binary: Binary,
    folder: PathBuf,
    ground: Ground,
    child: Child,
}

impl Node {
    /// Writes the configuration into the folder, starts a node, and waits until it is ready.
    pub async fn start(binary: Binary, folder: PathBuf, ground: Ground) -> Result<Self, ProductError> {
        let what = || format!("the folder {} cannot be written", folder.display());
        fs::create_dir_all(&folder).map_err(system(what()))?;
        fs::write(config(&folder), settings(&folder, ground)).map_err(system(what()))?;
        let child = spawn(&binary, &folder)?;
        let mut node = Self { binary, folder, ground, child };
        node.wait_until_ready().await?;
        Ok(node)
    }

    /// The configuration file, for commands that people type.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        config(&self.folder)
    }

    /// The binary, for commands that people type.
    #[must_use]
    pub fn binary(&self) -> &Path {
        self.binary.path()
    }

    /// Runs a command against this node and gives its answer.
    pub async fn tell<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Value, ProductError> {
        let mut command = Command::new(self.binary.path());
        command.arg("--json").arg("--config").arg(self.config()).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let shown: Vec<_> = arguments.iter().take(2).map(|word| word.as_ref().to_string_lossy()).collect();
        let shown = shown.join(" ");
        let refused = |words: String| ProductError::Refused { command: shown.clone(), words };
        let output = timeout(ANSWER_WITHIN, command.output())
            .await
            .map_err(|_| refused("no answer in time".to_owned()))?;
        let output = output.map_err(system(format!("partywall {shown} could not be run")))?;
        if !output.status.success() {
            return Err(refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        if output.stdout.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| refused(format!("its answer is not JSON: {error}")))
    }

    /// Ends the process at once, as a power cut would, and starts it again on the same folder.
    pub async fn kill_and_start_again(&mut self) -> Result<(), ProductError> {
        self.child.kill().await.map_err(system("partywall could not be killed"))?;
        self.child = spawn(&self.binary, &self.folder)?;
        self.wait_until_ready().await
    }

    /// Asks the node to stop and waits until it has.
    pub async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            // Whether the signal arrived shows in whether the process ends.
            let _ = Command::new("sh").arg("-c").arg(format!("kill {id}")).status().await;
        }
        if timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            // Nothing is lost by it: what was acknowledged is on the disk.
            let _ = self.child.kill().await;
        }
    }

    /// Waits until the node ends by itself.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    async fn wait_until_ready(&mut self) -> Result<(), ProductError> {
        let until = Instant::now() + READY_WITHIN;
        let readiness = Ask::get(&format!("http://{}/readyz", self.ground.private()));
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(ProductError::NotReady(format!("it ended with {status}")));
            }
            if Browser::new().send(&readiness).await.is_ok_and(|page| page.status.is_success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(ProductError::NotReady("it did not become ready".to_owned()))
    }
}

fn config(folder: &Path) -> PathBuf {
    folder.join("partywall.toml")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("partywall.log")
}

fn spawn(binary: &Binary, folder: &Path) -> Result<Child, ProductError> {
    let open = || File::options().create(true).append(true).open(log(folder));
    let out = open().map_err(system("the log cannot be written"))?;
    let error = open().map_err(system("the log cannot be written"))?;
    let mut command = Command::new(binary.path());
    command.arg("--config").arg(config(folder)).arg("serve");
    command.stdin(Stdio::null()).stdout(out).stderr(error).kill_on_drop(true);
    command.spawn().map_err(system(format!("{} could not be started", binary.path().display())))
}

/// What the demonstration says otherwise than the defaults.
fn settings(folder: &Path, ground: Ground) -> String {
    let (public, private) = (ground.public(), ground.private());
    let text = |value: &dyn std::fmt::Display| Value::String(value.to_string()).to_string();
    format!(
        "# Written by the demonstration. Plain HTTP on loopback is for a developer's machine only.\n\
         development = true\n\
         data = {}\n\
         base_domain = {}\n\n\
         [listen]\n\
         public = {}\n\
         private = {}\n\
         # A proxy that ends TLS for devices, and says which certificates they have shown.\n\
         trusted_proxies = {}\n\
         client_cert = true\n\n\
         # Everybody in the demonstration comes from one address.\n\
         [limits]\n\
         sign_ins_per_address = 6000\n",
        text(&folder.display()),
        text(&BASE_DOMAIN),
        text(&public),
        text(&private),
        text(&format!("{PROXY}/32")),
    )
}
