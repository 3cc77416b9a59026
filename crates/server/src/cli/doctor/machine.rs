//! This machine: settings, files, disk, clock, addresses.

use super::finding::Finding;
use crate::{config::Config, descriptors};
use domain::Clock;
use std::{net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::good("configuration", "every setting can be read")];
    findings.extend(manners(config));
    findings.push(directory(&config.data));
    findings.extend(free_space(&config.data));
    findings.push(room(config));
    findings.extend(addresses(config));
    findings.extend(clock());
    findings.push(roots(config));
    findings
}

fn manners(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.development {
        findings.push(Finding::mind(
            "development",
            "plain HTTP on loopback is allowed",
            "never set this in production",
        ));
    }
    if config.tls.is_none() && !config.development {
        findings.push(Finding::mind(
            "tls.certificate",
            "none, so that something in front must end TLS",
            "see to it that nobody else reaches listen.public",
        ));
    }
    if !config.listen.private.ip().is_loopback() {
        findings.push(Finding::mind(
            "listen.private",
            format!("{} can be reached by others; metrics tell of your business", config.listen.private),
            "listen at a loopback address, or let a firewall keep others out",
        ));
    }
    findings
}

fn directory(data: &Path) -> Finding {
    let name = data.display();
    match std::fs::metadata(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::mind("data", format!("{name} is not there yet"), "the first `partywall serve` makes it")
        }
        Err(error) => Finding::wrong("data", format!("{name}: {error}"), "let this user look into it"),
        Ok(facts) if facts.permissions().mode() & 0o077 != 0 => {
            Finding::mind("data", format!("others may look into {name}"), format!("chmod 700 {name}"))
        }
        Ok(_) => Finding::good("data", format!("only its owner may look into {name}")),
    }
}

/// A full disk stops every write, so it is said before it is full.
fn free_space(data: &Path) -> Option<Finding> {
    let output = std::process::Command::new("df").args(["--output=avail", "-k"]).arg(data).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kib: u64 = text.lines().nth(1)?.trim().parse().ok()?;
    let words = format!("{} MiB are free where `data` is", kib / 1_024);
    let remedy = "make room: a full disk stops every write, sign-ins among them";
    Some(match kib {
        0..102_400 => Finding::wrong("disk", words, remedy),
        102_400..1_048_576 => Finding::mind("disk", words, remedy),
        _ => Finding::good("disk", words),
    })
}

/// Out of descriptors, a node answers nobody.
fn room(config: &Config) -> Finding {
    let (most, wanted) = (descriptors::within_reach(), config.listen.connections);
    let fits = descriptors::clients_of(most);
    let words = format!("a node started from here may hold {most}, which is room for {fits} clients");
    if fits >= wanted {
        return Finding::good("descriptors", words);
    }
    let remedy =
        format!("raise the bound (LimitNOFILE, ulimit -Hn) until listen.connections = {wanted} fits");
    Finding::mind("descriptors", words, remedy)
}

fn addresses(config: &Config) -> Vec<Finding> {
    if is_running(config) {
        let socket = config.listen.socket.display();
        return vec![Finding::good("node", format!("one answers at {socket}"))];
    }
    [("listen.public", config.listen.public), ("listen.private", config.listen.private)]
        .into_iter()
        .map(|(key, address)| match TcpListener::bind(address) {
            Ok(_) => Finding::good(key, format!("{address} is free")),
            Err(error) => Finding::wrong(
                key,
                format!("{address}: {error}"),
                "find out what listens there, or choose another address",
            ),
        })
        .collect()
}

/// Whether a node of this configuration answers at its socket.
pub(super) fn is_running(config: &Config) -> bool {
    config.listen.socket.exists() && std::os::unix::net::UnixStream::connect(&config.listen.socket).is_ok()
}

/// Tokens are refused when clocks disagree; a clock before the release of this software is surely wrong.
fn clock() -> Option<Finding> {
    const RELEASED: i64 = 1_790_000_000;
    let now = Clock::System.now();
    (now.seconds() < RELEASED).then(|| {
        Finding::wrong(
            "clock",
            format!("this machine believes that it is {now}"),
            "set it and keep it by NTP, or no token will be believed",
        )
    })
}

fn roots(config: &Config) -> Finding {
    match outbound::Outbound::new(crate::assemble::outgoing(config), Clock::System) {
        Ok(_) => Finding::good("outbound", "its settings and authorities can be used"),
        Err(error) => Finding::wrong("outbound", error.to_string(), "correct the setting that is named"),
    }
}
