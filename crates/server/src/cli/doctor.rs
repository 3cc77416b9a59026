//! Finds out what is wrong with an installation, and says what to do about it.

use super::Outcome;
use crate::{config::Config, keys};
use clap::Args;
use domain::{Chance, Clock};
use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use store::{Engine, Keyring, Store, migrate};

/// Look at configuration, files, database, keys and addresses.
#[derive(Debug, Args)]
pub(super) struct Doctor {}

/// One finding.
enum Finding {
    Good(String),
    Mind(String),
    Wrong(String),
}

use Finding::{Good, Mind, Wrong};

impl Doctor {
    pub(super) async fn run(&self, config: &Config) -> Outcome {
        let mut findings = vec![Good("configuration: every setting can be read".into())];
        findings.extend(manners(config));
        findings.extend(files(config));
        findings.extend(addresses(config));
        findings.extend(clock());
        findings.extend(roots(config));
        findings.extend(database(config).await);
        let mut wrong = 0;
        for finding in &findings {
            match finding {
                Good(words) => println!("  ok     {words}"),
                Mind(words) => println!("  mind   {words}"),
                Wrong(words) => {
                    wrong += 1;
                    println!("  WRONG  {words}");
                }
            }
        }
        if wrong == 0 {
            Ok(())
        } else {
            Err(format!("{wrong} of {} checks found something wrong", findings.len()))
        }
    }
}

fn manners(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.development {
        findings.push(Mind(
            "development: plain HTTP on loopback is allowed; never set this in production".into(),
        ));
    }
    if config.tls.is_none() && !config.development {
        findings.push(Mind(
            "tls.certificate: none; something in front must end TLS, and nobody else may reach listen.public"
                .into(),
        ));
    }
    if !config.listen.private.ip().is_loopback() {
        findings.push(Mind(format!(
            "listen.private: {} can be reached by others; metrics tell of your business",
            config.listen.private
        )));
    }
    findings
}

fn files(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match std::fs::metadata(&config.data) {
        Err(error) => findings.push(Wrong(format!("data ({}): {error}", config.data.display()))),
        Ok(facts) if facts.permissions().mode() & 0o077 != 0 => {
            findings.push(Mind(format!(
                "data ({}): others may look into it; mode 0700 is better",
                config.data.display()
            )));
        }
        Ok(_) => {
            findings.push(Good(format!("data ({}): only its owner may look into it", config.data.display())))
        }
    }
    if let Some(tls) = &config.tls {
        findings.push(match crate::listen::Certificates::read(tls) {
            Ok(_) => Good("tls: certificate and key belong together".into()),
            Err(why) => Wrong(why),
        });
    }
    findings.extend(free_space(&config.data));
    findings
}

/// A full disk stops every write, so it is said before it is full.
fn free_space(data: &Path) -> Option<Finding> {
    let output = std::process::Command::new("df").args(["--output=avail", "-k"]).arg(data).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kib: u64 = text.lines().nth(1)?.trim().parse().ok()?;
    let words = format!("disk: {} MiB are free where `data` is", kib / 1_024);
    Some(match kib {
        0..102_400 => Wrong(words),
        102_400..1_048_576 => Mind(words),
        _ => Good(words),
    })
}

fn addresses(config: &Config) -> Vec<Finding> {
    let running = config.listen.socket.exists()
        && std::os::unix::net::UnixStream::connect(&config.listen.socket).is_ok();
    if running {
        return vec![Good(format!("node: one answers at {}", config.listen.socket.display()))];
    }
    [("listen.public", config.listen.public), ("listen.private", config.listen.private)]
        .into_iter()
        .map(|(key, address)| match TcpListener::bind(address) {
            Ok(_) => Good(format!("{key}: {address} is free")),
            Err(error) => Wrong(format!("{key}: {address}: {error}; is something else listening there?")),
        })
        .collect()
}

/// Tokens are refused when clocks disagree; a clock before the release of this software is surely wrong.
fn clock() -> Option<Finding> {
    const RELEASED: i64 = 1_790_000_000;
    let now = Clock::System.now();
    (now.seconds() < RELEASED).then(|| {
        Wrong(format!("clock: this machine believes that it is {now}; set it, or no token will be believed"))
    })
}

fn roots(config: &Config) -> Option<Finding> {
    let policy = crate::assemble::outgoing(config);
    match outbound::Outbound::new(policy, Clock::System) {
        Ok(_) => Some(Good("outbound: its settings and roots can be used".into())),
        Err(error) => Some(Wrong(format!("outbound: {error}"))),
    }
}

/// How long the database may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

async fn database(config: &Config) -> Vec<Finding> {
    let opened = tokio::time::timeout(PATIENCE, async {
        let engine = Engine::open(&config.database).await.map_err(|error| error.to_string())?;
        migrate::check(&engine).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(engine)
    });
    let engine = match opened.await {
        Err(_) => return vec![Wrong(format!("database: no answer within {} seconds", PATIENCE.as_secs()))],
        Ok(Err(why)) => return vec![Wrong(format!("database: {why}"))],
        Ok(Ok(engine)) => engine,
    };
    let mut findings =
        vec![Good(format!("database: {} at version {}", engine.name(), migrate::known_version()))];
    findings.push(keyring(config, &engine).await);
    engine.close().await;
    findings
}

async fn keyring(config: &Config, engine: &Engine) -> Finding {
    let master = match keys::master_key(&config.master_key, false, &Chance::system()) {
        Ok(master) => master,
        Err(why) => return Wrong(why),
    };
    let store = Store::new(engine.clone(), Clock::System, Chance::system(), master);
    match crate::assemble::open_keyring(&store).await {
        Ok(Some(Keyring { .. })) => Good("master key: it opens what is sealed in the database".into()),
        Ok(None) => Mind("master key: nothing is sealed yet; the first `partywall serve` will".into()),
        Err(error) => Wrong(format!("master key: it does not open what is sealed in the database: {error}")),
    }
}
