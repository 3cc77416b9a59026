//! The load: wrk, with requests that were put together before, over connections that are kept.

use crate::{
    fill::Person,
    process::{REST, pinned},
    upstream::SIZE,
};
use serde::Deserialize;
use std::{
    fmt::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

/// What wrk asks for, and how.
pub(crate) struct Load {
    script: PathBuf,
    signed_in: PathBuf,
    nobody: PathBuf,
    connections: u32,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Each with their session's cookie, at the application's front page.
    SignedIn,
    /// The same hosts, without a cookie, at a path that is open to all.
    Nobody,
}

/// What wrk counted.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Counted {
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) micros: u64,
    bytes: u64,
    refused: u64,
    broken: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
}

impl Counted {
    /// What was wrong with the answers; none if every one was the application's.
    pub(crate) fn fault(&self) -> Option<String> {
        // A redirect is no error to wrk, but its body is short.
        let short = self.bytes < self.requests * SIZE as u64;
        (self.requests == 0 || self.refused + self.broken > 0 || short).then(|| {
            let Counted { requests, bytes, refused, broken, .. } = self;
            format!(
                "of {requests} answers {refused} were refusals, {broken} broke, and all had {bytes} bytes"
            )
        })
    }
}

impl Load {
    /// Writes the lists of requests.
    pub(crate) fn prepare(
        folder: &Path,
        people: &[Person],
        open: &str,
        connections: u32,
    ) -> Result<Self, String> {
        let load = Load {
            script: folder.join("load.lua"),
            signed_in: folder.join("signed-in"),
            nobody: folder.join("nobody"),
            connections,
        };
        let name = crate::check::COOKIE;
        let signed_in = list(people, |person| format!("{} / {name}={}", person.tenant.host, person.cookie));
        let nobody = list(people, |person| format!("{} {open}", person.tenant.host));
        for (file, text) in
            [(&load.script, include_str!("load.lua")), (&load.signed_in, &signed_in), (&load.nobody, &nobody)]
        {
            std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(load)
    }

    /// Asks at this address for so many seconds.
    pub(crate) async fn run(&self, who: Who, at: SocketAddr, seconds: u32) -> Result<Counted, String> {
        let list = match who {
            Who::SignedIn => &self.signed_in,
            Who::Nobody => &self.nobody,
        };
        let mut wrk = pinned(REST, Path::new("wrk"));
        wrk.args(["--threads", "1", "--connections", &self.connections.to_string()]);
        wrk.args(["--duration", &format!("{seconds}s"), "--timeout", "5s", "--script"]).arg(&self.script);
        wrk.arg(format!("http://{at}")).arg("--").arg(list);
        let output = wrk.stdin(Stdio::null()).kill_on_drop(true).output().await;
        let output = output.map_err(|error| format!("wrk could not be run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let counted = said.lines().find_map(|line| line.strip_prefix("counted "));
        let counted = counted.and_then(|line| serde_json::from_str(line).ok());
        counted.ok_or_else(|| format!("wrk did not count: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// A line for each, in an order in which neighbours of the database are not asked one after the other.
fn list(people: &[Person], line: impl Fn(&Person) -> String) -> String {
    /// Shares no factor with the numbers of people that are likely.
    const STRIDE: usize = 7_919;
    (0..people.len()).map(|at| &people[at * STRIDE % people.len()]).fold(String::new(), |mut text, person| {
        let _ = writeln!(text, "{}", line(person));
        text
    })
}
