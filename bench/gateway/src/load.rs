//! The load: wrk, with requests that were put together before, over connections that are kept; and h2load over HTTP/2.

use crate::{
    fill::{API, KEYED, OPEN, Person},
    half::Waits,
    issuer::Issuer,
    process::{REST, pinned},
    upstream::SIZE,
};
use serde::Deserialize;
use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// What is asked for, and how.
pub(crate) struct Load {
    folder: PathBuf,
    connections: u32,
    /// Who asks over HTTP/2.
    one: Person,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// Each with their session's cookie, at the application's front page.
    SignedIn,
    /// The same hosts, without a cookie, at a path that is open to all.
    Nobody,
    /// The same at only so many hosts as the small maps have.
    Few,
    /// Each with an API key of their tenant.
    Keyed,
    /// Each with a bearer token of theirs, again and again.
    Token,
    /// Each time with another bearer token, of more than a node remembers.
    Distinct,
    /// One of them with their session's cookie, over HTTP/2.
    Streams,
}

/// Hosts in the small maps.
pub(crate) const FEW: usize = 1_000;
/// Tokens that are all distinct: several times as many as a node remembers.
const DISTINCT: usize = 400_000;
/// Connections over which is asked evenly.
const EVENLY: u32 = 16;
/// Connections of HTTP/2, and requests at a time on each.
const STREAMS: [&str; 2] = ["8", "8"];

impl Who {
    /// The file that lists what they ask; none where nothing is listed.
    fn list(self) -> Option<&'static str> {
        match self {
            Who::SignedIn => Some("signed-in"),
            Who::Nobody => Some("nobody"),
            Who::Few => Some("few"),
            Who::Keyed => Some("keyed"),
            Who::Token => Some("token"),
            Who::Distinct => Some("distinct"),
            Who::Streams => None,
        }
    }
}

/// What was counted.
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
    /// Writes the lists of requests of those who will ask.
    pub(crate) fn prepare(
        folder: &Path,
        people: &[Person],
        issuer: &Issuer,
        who: &HashSet<Who>,
        connections: u32,
    ) -> Result<Self, String> {
        let one = people.first().ok_or("nobody asks")?.clone();
        let load = Load { folder: folder.to_owned(), connections, one };
        load.write("load.lua", include_str!("load.lua"))?;
        let few = &people[..people.len().min(FEW)];
        for who in who {
            let Some(file) = who.list() else { continue };
            let host = |person: &Person| person.tenant.host.clone();
            let text = match who {
                Who::SignedIn => list(people, people.len(), |person, _| {
                    Ok(format!("{} / Cookie: {}={}", host(person), crate::check::COOKIE, person.cookie))
                }),
                Who::Nobody => list(people, people.len(), |person, _| Ok(format!("{} {OPEN}", host(person)))),
                Who::Few => list(few, few.len(), |person, _| Ok(format!("{} {OPEN}", host(person)))),
                Who::Keyed => list(people, people.len(), |person, _| {
                    Ok(format!("{} {KEYED} X-Api-Key: {}", host(person), person.key))
                }),
                Who::Token | Who::Distinct => {
                    let count = if *who == Who::Token { people.len() } else { DISTINCT };
                    list(people, count, |person, number| {
                        let token = issuer.token(person, number)?;
                        Ok(format!("{} {API} Authorization: Bearer {token}", host(person)))
                    })
                }
                Who::Streams => continue,
            };
            load.write(file, &text?)?;
        }
        Ok(load)
    }

    /// Asks at this address for so many seconds.
    pub(crate) async fn run(&self, who: Who, at: SocketAddr, seconds: u32) -> Result<Counted, String> {
        match who.list() {
            Some(list) => self.wrk(list, at, seconds).await,
            None => self.h2load(at, seconds).await,
        }
    }

    async fn wrk(&self, list: &str, at: SocketAddr, seconds: u32) -> Result<Counted, String> {
        let mut wrk = pinned(REST, Path::new("wrk"));
        wrk.args(["--threads", "1", "--connections", &self.connections.to_string()]);
        wrk.args(["--duration", &format!("{seconds}s"), "--timeout", "5s", "--script"]);
        wrk.arg(self.folder.join("load.lua"))
            .arg(format!("http://{at}"))
            .arg("--")
            .arg(self.folder.join(list));
        let said = say(wrk).await?;
        let counted = said.lines().find_map(|line| line.strip_prefix("counted "));
        let counted = counted.and_then(|line| serde_json::from_str(line).ok());
        counted.ok_or_else(|| format!("wrk did not count: {said}"))
    }

    /// h2load tells no percentiles.
    async fn h2load(&self, at: SocketAddr, seconds: u32) -> Result<Counted, String> {
        let mut load = pinned(REST, Path::new("h2load"));
        let [connections, at_a_time] = STREAMS;
        load.args(["--clients", connections, "--max-concurrent-streams", at_a_time]);
        load.args(["--duration", &seconds.to_string()]);
        load.args(["--header", &format!(":authority: {}", self.one.tenant.host)]);
        load.args(["--header", &format!("cookie: {}={}", crate::check::COOKIE, self.one.cookie)]);
        load.arg(format!("http://{at}/"));
        let said = say(load).await?;
        let before =
            |end: &str| -> Option<f64> { said[..said.find(end)?].rsplit([' ', '(']).next()?.parse().ok() };
        let numbers = || {
            let [rate, done, good, broken, bytes] =
                [before(" req/s,"), before(" done"), before(" 2xx"), before(" failed"), before(") data")];
            let (requests, micros) = (done? as u64, (done? * 1e6 / rate?) as u64);
            let refused = requests.saturating_sub(good? as u64);
            Some(Counted {
                requests,
                micros,
                bytes: bytes? as u64,
                refused,
                broken: broken? as u64,
                p50: 0,
                p99: 0,
            })
        };
        numbers().ok_or_else(|| format!("h2load did not count: {said}"))
    }

    /// Asks as one of the people, evenly and so often a second, whatever the answers take.
    pub(crate) async fn at_rate(&self, at: SocketAddr, rate: f64, seconds: u32) -> Result<Waits, String> {
        let log = self.folder.join("waits");
        // It adds to what is there.
        let _ = std::fs::remove_file(&log);
        let mut load = pinned(REST, Path::new("h2load"));
        load.args([
            "--h1",
            "--clients",
            &EVENLY.to_string(),
            "--rps",
            &(rate / f64::from(EVENLY)).to_string(),
        ]);
        load.args(["--duration", &seconds.to_string()]).arg("--log-file").arg(&log);
        load.args(["--header", &format!(":authority: {}", self.one.tenant.host)]);
        load.args(["--header", &format!("Cookie: {}={}", crate::check::COOKIE, self.one.cookie)]);
        load.arg(format!("http://{at}/"));
        let within = Duration::from_secs(u64::from(seconds) + 30);
        let said = timeout(within, say(load)).await.map_err(|_| "h2load does not end".to_owned())??;
        let log = std::fs::read_to_string(&log).map_err(|error| format!("{error}: {said}"))?;
        Waits::read(&log).ok_or_else(|| format!("h2load did not log good answers alone: {said}"))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), String> {
        let file = self.folder.join(file);
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// Runs a program to its end, and gives all that it said.
async fn say(mut program: Command) -> Result<String, String> {
    let output = program.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("what asks could not be run: {error}"))?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// So many lines, people in turn, in an order in which neighbours of the database are not asked one after the other.
fn list(
    people: &[Person],
    count: usize,
    line: impl Fn(&Person, usize) -> Result<String, String>,
) -> Result<String, String> {
    /// Shares no factor with the numbers of people that are likely.
    const STRIDE: usize = 7_919;
    let mut text = String::new();
    for at in 0..count {
        text.push_str(&line(&people[at * STRIDE % people.len()], at)?);
        text.push('\n');
    }
    Ok(text)
}
