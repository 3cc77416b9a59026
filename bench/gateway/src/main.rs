//! What the gateway costs beside HAProxy and nginx.
//!
//! It fills the database of a real installation with tenants and people, starts the released binary over it,
//! and beside it HAProxy and nginx with a map of the same hosts, each before the same small application. Then
//! wrk asks each of them in turn, round after round. Printed are requests per second, waiting times, memory,
//! and above all processor time per request as a ratio to HAProxy's of the same round.
//!
//! Each proxy has one worker and one processor; wrk and the application have the other. The run fails if an
//! answer is wrong, never because one is slow. It needs Linux, two processors, and `haproxy`, `nginx`, `wrk`
//! and `taskset`; nothing leaves the machine, and nothing stays behind.

mod ask;
mod check;
mod fill;
mod load;
mod node;
mod peers;
mod process;
mod report;
mod upstream;

use ask::{Ask, Line};
use clap::{Parser, Subcommand};
use fill::{Size, Town};
use load::{Load, Who};
use process::{Cost, Pinned, REST};
use report::{Measured, Round};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::ExitCode,
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Measures the gateway beside HAProxy and nginx.
#[derive(Debug, Parser)]
struct Asked {
    /// How often each scene has its turn.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long a turn lasts.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Tenants in the database and in the maps.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..))]
    tenants: u32,
    /// People who ask, each at a tenant of their own.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..))]
    people: u32,
    /// Connections that they ask over.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Only scenes whose names hold this, and HAProxy's.
    #[arg(long, default_value = "")]
    only: String,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program does in a process of its own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Be the application behind the proxies.
    #[command(hide = true)]
    Upstream { listen: SocketAddr },
}

/// The scene that the others are compared with.
const BASE: &str = "HAProxy, map";

/// How long a proxy may take to its first answer.
const READY_WITHIN: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let asked = Asked::parse();
    let done = match asked.part {
        Some(Part::Upstream { listen }) => upstream::serve(listen).await,
        None => measure(&asked).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("bench-gateway: {words}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(asked: &Asked) -> Result<(), String> {
    let binary = node::find().await?;
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let stage = Stage::set(asked, &binary, folder.path()).await?;
    let load = Load::prepare(folder.path(), &stage.town.people, fill::OPEN, asked.connections)?;
    let measured = stage.rounds(asked, &load).await?;
    println!("\n{}", report::table(&measured, BASE));
    stage.end().await
}

/// Everything that runs while it is measured.
struct Stage {
    town: Town,
    running: Vec<Running>,
}

/// A proxy, or the application itself.
struct Running {
    process: Pinned,
    at: SocketAddr,
    ready: Duration,
    /// Which other one works for it, and bears a part of its cost.
    beside: Option<usize>,
    scenes: &'static [(&'static str, Who)],
}

impl Stage {
    async fn set(asked: &Asked, binary: &Path, folder: &Path) -> Result<Self, String> {
        let [application, haproxy, nginx, asking, decide, public, private] = addresses()?;
        let first = node::start(binary, folder, public, private, decide)?;
        await_answer(private, &Ask { host: "localhost", path: "/readyz", ..Ask::default() }).await?;
        first.end().await?;
        say(&format!("filling the database: {} tenants, {} people", asked.tenants, asked.people));
        let size = Size { tenants: asked.tenants, people: asked.people.min(asked.tenants) };
        let town = fill::fill(&node::data(folder), size, application).await?;

        let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
        let upstream = ["upstream", &application.to_string()].map(str::to_owned);
        let upstream = upstream.each_ref().map(String::as_str);
        let stage = Self { running: Vec::new(), town };
        let tenants = stage.town.tenants.clone();
        stage
            .up(&[("no proxy", Who::SignedIn)], application, || {
                Pinned::start("upstream", REST, &own, &upstream, folder)
            })
            .await?
            .up(&[(BASE, Who::SignedIn)], haproxy, || peers::haproxy(folder, &tenants, haproxy, application))
            .await?
            .up(&[("nginx, map", Who::SignedIn)], nginx, || {
                peers::nginx(folder, &tenants, nginx, application)
            })
            .await?
            .up(
                &[("Partywall, open route", Who::Nobody), ("Partywall, session", Who::SignedIn)],
                public,
                || node::start(binary, folder, public, private, decide),
            )
            .await?
            .up(&[("nginx asking Partywall", Who::SignedIn)], asking, || {
                peers::asking(folder, asking, public, decide, application)
            })
            .await?
            .with_the_one_before()
            .checked()
            .await
    }

    /// Starts one more and waits for its first answer.
    async fn up(
        mut self,
        scenes: &'static [(&'static str, Who)],
        at: SocketAddr,
        start: impl FnOnce() -> Result<Pinned, String>,
    ) -> Result<Self, String> {
        let begun = Instant::now();
        let process = start()?;
        let person = &self.town.people[0];
        let cookie = format!("{}={}", check::COOKIE, person.cookie);
        await_answer(
            at,
            &Ask { host: &person.tenant.host, path: "/", cookie: Some(&cookie), ..Ask::default() },
        )
        .await?;
        self.running.push(Running { process, at, ready: begun.elapsed(), beside: None, scenes });
        Ok(self)
    }

    /// What was started last has the one before work for it.
    fn with_the_one_before(mut self) -> Self {
        let one_before = self.running.len().checked_sub(2);
        if let Some(last) = self.running.last_mut() {
            last.beside = one_before;
        }
        self
    }

    async fn checked(self) -> Result<Self, String> {
        say("checking every answer");
        let [_, haproxy, nginx, partywall, asking] = &self.running[..] else {
            unreachable!("five were started")
        };
        check::mapping(haproxy.at, &self.town).await.map_err(|error| format!("HAProxy: {error}"))?;
        check::mapping(nginx.at, &self.town).await.map_err(|error| format!("nginx: {error}"))?;
        check::partywall(partywall.at, &self.town).await.map_err(|error| format!("Partywall: {error}"))?;
        check::partywall(asking.at, &self.town).await.map_err(|error| format!("nginx asking: {error}"))?;
        Ok(self)
    }

    /// Every scene has its turn in every round.
    async fn rounds(&self, asked: &Asked, load: &Load) -> Result<Vec<Measured>, String> {
        let all =
            self.running.iter().flat_map(|running| running.scenes.iter().map(move |scene| (running, scene)));
        let wanted = all.filter(|(_, (name, _))| *name == BASE || name.contains(&asked.only));
        let mut measured: Vec<_> = wanted
            .map(|(running, (name, who))| {
                let ready = running.ready;
                (running, *who, Measured { name, ready, memory: 0, rounds: Vec::new() })
            })
            .collect();
        for number in 1..=asked.rounds {
            for (running, who, scene) in &mut measured {
                let round = self.turn(running, *who, load, asked.seconds).await?;
                if let Some(fault) = round.counted.fault() {
                    return Err(format!("{}: {fault}", scene.name));
                }
                say(&format!(
                    "round {number} of {}: {:22} {:>6.0} requests/s  {:>5.1} µs each  (load {})",
                    asked.rounds,
                    scene.name,
                    round.rate(),
                    round.each(),
                    machine_load()
                ));
                scene.memory = self.memory(running)?;
                scene.rounds.push(round);
            }
        }
        Ok(measured.into_iter().map(|(_, _, scene)| scene).collect())
    }

    async fn turn(&self, running: &Running, who: Who, load: &Load, seconds: u32) -> Result<Round, String> {
        let before = self.cost(running)?;
        let counted = load.run(who, running.at, seconds).await?;
        Ok(Round { counted, cost: self.cost(running)?.since(before) })
    }

    fn cost(&self, running: &Running) -> Result<Cost, String> {
        let own = running.process.cost()?;
        running.beside.map_or(Ok(own), |beside| Ok(own.and(self.running[beside].process.cost()?)))
    }

    fn memory(&self, running: &Running) -> Result<u64, String> {
        let own = running.process.memory()?;
        running.beside.map_or(Ok(own), |beside| Ok(own + self.running[beside].process.memory()?))
    }

    async fn end(self) -> Result<(), String> {
        for mut running in self.running {
            running.process.check()?;
            running.process.end().await?;
        }
        Ok(())
    }
}

/// Asks again and again until the answer is a good one.
async fn await_answer(at: SocketAddr, ask: &Ask<'_>) -> Result<(), String> {
    let begun = Instant::now();
    let mut last = String::new();
    while begun.elapsed() < READY_WITHIN {
        match Line::open(at).await {
            Ok(mut line) => match line.ask(*ask).await {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => last = format!("{} {}", answer.status, answer.text),
                Err(error) => last = error,
            },
            Err(error) => last = error,
        }
        sleep(Duration::from_millis(2)).await;
    }
    Err(format!("no good answer at {at}: {last}"))
}

/// Free addresses. All are held until all are known, so that none is given twice.
fn addresses<const N: usize>() -> Result<[SocketAddr; N], String> {
    let words = |error: std::io::Error| format!("a free port: {error}");
    let mut held = Vec::new();
    for _ in 0..N {
        held.push(TcpListener::bind("127.0.0.1:0").map_err(words)?);
    }
    let addresses: Vec<_> =
        held.iter().map(TcpListener::local_addr).collect::<Result<_, _>>().map_err(words)?;
    addresses.try_into().map_err(|_| "as many as were asked for".to_owned())
}

/// How many programs wanted a processor in the last minute: tells a quiet machine from a busy one.
fn machine_load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn say(words: &str) {
    eprintln!("{words}");
}
