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
mod changes;
mod check;
mod fill;
mod half;
mod idle;
mod issuer;
mod load;
mod node;
mod peers;
mod process;
mod report;
mod upstream;

use ask::{Ask, Line};
use clap::{Parser, Subcommand};
use fill::{Size, Town};
use issuer::Issuer;
use load::{FEW, Load, Who};
use process::{Cost, Pinned, REST};
use report::{Aim, Measured, Round};
use std::{
    collections::HashSet,
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

/// What this program does instead of measuring requests.
#[derive(Debug, Subcommand)]
enum Part {
    /// Be the application behind the proxies.
    #[command(hide = true)]
    Upstream { listen: SocketAddr },
    /// Measure the memory of connections on which nothing is asked, in place of everything else.
    Idle {
        /// How many each proxy holds.
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
        connections: u32,
    },
    /// Measure how soon a node hears of changed tenants and what that costs it, in place of everything else.
    Changes {
        /// An empty PostgreSQL database, as a superuser.
        #[arg(long)]
        database: String,
        /// How many tenants change in a second.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
        a_second: u32,
    },
}

/// What answers behind all of them.
const DIRECT: &str = "no proxy";
/// The scene that the others are compared with.
const BASE: &str = "HAProxy, map";
const SESSION: &str = "Partywall, session";
const FEW_HAPROXY: &str = "HAProxy, 1,000 hosts";
const FEW_NGINX: &str = "nginx, 1,000 hosts";
const VERIFYING: &str = "HAProxy, jwt_verify";
const STREAMS: &str = "HAProxy, HTTP/2";
const ASKING: &str = "Caddy, forward_auth";
const REMEMBERING: &str = "Envoy, jwt_authn";

/// What is aimed at.
const AIMS: [Aim; 12] = [
    (SESSION, BASE, 1.5),
    ("Partywall, open route", BASE, 0.75),
    ("Partywall, open route", FEW_HAPROXY, 1.2),
    ("Partywall, open route", FEW_NGINX, 1.4),
    ("Partywall, API key", "Partywall, open route", 1.05),
    ("Partywall, token", FEW_HAPROXY, 1.4),
    ("Partywall, token", VERIFYING, 0.2),
    ("Partywall, token", ASKING, 0.2),
    ("Partywall, token", REMEMBERING, 0.3),
    ("Partywall, distinct tokens", VERIFYING, 0.85),
    ("Partywall, HTTP/2", STREAMS, 1.4),
    ("nginx asking Partywall", FEW_HAPROXY, 2.0),
];

/// How long a proxy may take to its first answer.
const READY_WITHIN: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let asked = Asked::parse();
    let done = match asked.part {
        Some(Part::Upstream { listen }) => upstream::serve(listen).await,
        Some(Part::Idle { connections }) => match node::find().await {
            Ok(binary) => idle::measure(&binary, connections as usize).await,
            Err(words) => Err(words),
        },
        Some(Part::Changes { ref database, a_second }) => match node::find().await {
            Ok(binary) => changes::measure(&binary, database, asked.tenants, a_second).await,
            Err(words) => Err(words),
        },
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
    let folder = folder.path();
    let issuer = Issuer::open(folder).await?;
    let stage = Stage::set(asked, &binary, folder, &issuer).await?;
    let scenes = stage.running.iter().flat_map(|running| running.scenes);
    let who: HashSet<Who> = scenes.filter(|scene| asked.wants(scene)).map(|(_, who)| *who).collect();
    let load = Load::prepare(folder, &stage.town.people, &issuer, &who, asked.connections)?;
    let measured = stage.rounds(asked, &load).await?;
    println!("\n{}\n{}", report::table(&measured, BASE), report::aims(&measured, &AIMS));
    if let Some(ours) = measured.iter().find(|scene| scene.name == SESSION) {
        println!("{}", stage.at_half_load(ours, &load, asked).await?);
    }
    stage.end().await
}

impl Asked {
    /// Whether a scene is to be measured: those that were asked for, and those that one of them is compared with.
    fn wants(&self, (name, _): &Scene) -> bool {
        let is_asked_for = |name: &str| name.contains(&self.only);
        let is_peer = |(ours, theirs, _): &Aim| theirs == name && is_asked_for(ours);
        *name == BASE || is_asked_for(name) || AIMS.iter().any(is_peer)
    }
}

/// A scene's name, and who asks in it.
type Scene = (&'static str, Who);

/// What is measured of ours.
const OURS: &[Scene] = &[
    ("Partywall, open route", Who::Nobody),
    (SESSION, Who::SignedIn),
    ("Partywall, API key", Who::Keyed),
    ("Partywall, token", Who::Token),
    ("Partywall, distinct tokens", Who::Distinct),
    ("Partywall, HTTP/2", Who::Streams),
];

const FORWARD_AUTH: [Scene; 1] = [(ASKING, Who::Token)];
const JWT_AUTHN: [Scene; 1] = [(REMEMBERING, Who::Token)];

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
    scenes: &'static [Scene],
}

impl Stage {
    async fn set(asked: &Asked, binary: &Path, folder: &Path, issuer: &Issuer) -> Result<Self, String> {
        let [
            application,
            haproxy,
            nginx,
            asking,
            decide,
            public,
            private,
            few,
            fewer,
            verifying,
            caddy,
            envoy,
        ] = addresses()?;
        let settings = issuer.settings();
        let node = || node::start(binary, folder, public, private, decide, &settings);
        let first = node()?;
        await_answer(private, &Ask { host: "localhost", path: "/readyz", ..Ask::default() }).await?;
        issuer.register(&node::Cli { binary, folder }).await?;
        first.end().await?;
        say(&format!("filling the database: {} tenants, {} people", asked.tenants, asked.people));
        let size = Size { tenants: asked.tenants, people: asked.people.min(asked.tenants) };
        let town = fill::fill(&node::data(folder), size, application).await?;

        let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
        let upstream = ["upstream", &application.to_string()].map(str::to_owned);
        let upstream = upstream.each_ref().map(String::as_str);
        let tenants = town.tenants.clone();
        let known: Vec<_> = town.people.iter().take(FEW).map(|person| person.tenant.clone()).collect();
        let stage = Self { running: Vec::new(), town };
        let haproxy_at = |name: &'static str, tenants, key: Option<&Path>, at| {
            peers::haproxy(folder, name, tenants, key, at, application)
        };
        let nginx_at = |name: &'static str, tenants, at| peers::nginx(folder, name, tenants, at, application);
        let key = issuer.public_key();
        let keys = issuer.key_set();
        let mut stage = stage
            .up(&[(DIRECT, Who::SignedIn)], application, None, || {
                Pinned::start("upstream", REST, &own, &upstream, folder)
            })
            .await?
            .up(&[(BASE, Who::SignedIn), (STREAMS, Who::Streams)], haproxy, None, || {
                haproxy_at("haproxy", &tenants, None, haproxy)
            })
            .await?
            .up(&[("nginx, map", Who::SignedIn)], nginx, None, || nginx_at("nginx", &tenants, nginx))
            .await?
            .up(OURS, public, None, node)
            .await?
            .up(&[("nginx asking Partywall", Who::SignedIn)], asking, None, || {
                peers::asking(folder, asking, public, decide, application)
            })
            .await?
            .with_the_one_before()
            .up(&[(FEW_HAPROXY, Who::Few)], few, None, || haproxy_at("haproxy-few", &known, None, few))
            .await?
            .up(&[(FEW_NGINX, Who::Few)], fewer, None, || nginx_at("nginx-few", &known, fewer))
            .await?
            .up(&[(VERIFYING, Who::Token)], verifying, Some(issuer), || {
                haproxy_at("haproxy-jwt", &tenants, Some(&key), verifying)
            })
            .await?;
        // These two do something even while nobody asks them, so they run only where they are measured.
        if asked.wants(&FORWARD_AUTH[0]) {
            let start = || peers::caddy(folder, caddy, application);
            stage = stage.up(&FORWARD_AUTH, caddy, None, start).await?;
        }
        match process::is_there("envoy") {
            false => say("there is no `envoy` on the path: it is left out"),
            true if asked.wants(&JWT_AUTHN[0]) => {
                let start = || peers::envoy(folder, &keys, envoy, application);
                stage = stage.up(&JWT_AUTHN, envoy, Some(issuer), start).await?;
            }
            true => {}
        }
        stage.checked(issuer).await
    }

    /// Starts one more and waits for its first answer.
    async fn up(
        mut self,
        scenes: &'static [Scene],
        at: SocketAddr,
        issuer: Option<&Issuer>,
        start: impl FnOnce() -> Result<Pinned, String>,
    ) -> Result<Self, String> {
        let begun = Instant::now();
        let process = start()?;
        let person = &self.town.people[0];
        let cookie = format!("{}={}", check::COOKIE, person.cookie);
        let token = issuer.map(|issuer| issuer.token(person, 0)).transpose()?;
        let ask = Ask { host: &person.tenant.host, path: "/", cookie: Some(&cookie), ..Ask::default() };
        let answered = await_answer(at, &Ask { token: token.as_deref(), ..ask }).await;
        answered.map_err(|error| format!("{error}\n{}", process.said()))?;
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

    async fn checked(self, issuer: &Issuer) -> Result<Self, String> {
        say("checking every answer");
        let at = |name| {
            let mut all = self.running.iter();
            let found = all.find(|running| running.scenes.iter().any(|scene| scene.0 == name));
            found.map(|running| running.at).ok_or_else(|| format!("{name} was not started"))
        };
        for name in [BASE, "nginx, map"] {
            check::mapping(at(name)?, &self.town).await.map_err(|error| format!("{name}: {error}"))?;
        }
        for name in [SESSION, "nginx asking Partywall"] {
            check::partywall(at(name)?, &self.town).await.map_err(|error| format!("{name}: {error}"))?;
        }
        let ours = at(SESSION)?;
        check::programs(ours, &self.town, issuer).await.map_err(|error| format!("Partywall: {error}"))?;
        for (name, maps) in [(VERIFYING, true), (REMEMBERING, false)] {
            let Ok(at) = at(name) else { continue };
            let checked = check::verifying(at, &self.town, issuer, maps).await;
            checked.map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(self)
    }

    /// Every scene has its turn in every round.
    async fn rounds(&self, asked: &Asked, load: &Load) -> Result<Vec<Measured>, String> {
        let all =
            self.running.iter().flat_map(|running| running.scenes.iter().map(move |scene| (running, scene)));
        let wanted = all.filter(|(_, scene)| asked.wants(scene));
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

    /// How much later answers come through us than from the application, at half of what we can do.
    async fn at_half_load(&self, ours: &Measured, load: &Load, asked: &Asked) -> Result<String, String> {
        let rate = ours.usual_rate() / 2.0;
        let mut waits = Vec::new();
        for _ in 0..asked.rounds {
            for name in [DIRECT, SESSION] {
                let running =
                    self.running.iter().find(|running| running.scenes.iter().any(|scene| scene.0 == name));
                let at = running.ok_or_else(|| format!("{name} was not started"))?.at;
                say(&format!("half load: {name}, {rate:.0} requests a second"));
                waits.push((name, load.at_rate(at, rate, asked.seconds).await?));
            }
        }
        Ok(half::table(&waits, rate))
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
