//! Three backends in processes of their own, under load: they share it, one dies, one hangs, both come back.

use crate::town::{Client, Engine, Process, Town};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

const NAMES: [&str; 3] = ["one", "two", "three"];
/// How many clients ask at a time.
const CROWD: usize = 6;

/// A town whose application runs in three processes.
struct Mill {
    town: Town,
    backends: Vec<Process>,
    deployment: String,
}

impl Mill {
    async fn build(balancing: &Value) -> Self {
        let town = Town::build(Engine::Sqlite).await;
        let mut backends = Vec::new();
        for name in NAMES {
            backends.push(Process::start(name).await);
        }
        let routes = town.folder.path().join("routes.json");
        let open = r#"[{"name": "open", "host": "*.partywall.localhost", "open": true}]"#;
        std::fs::write(&routes, open).expect("the folder can be written");
        town.node.run(&["route", "put", routes.to_str().expect("a plain path")]);
        let deployment = town.deployment["id"].as_str().expect("a deployment has an id").to_owned();
        let mill = Mill { town, backends, deployment };
        mill.shares(balancing);
        mill.until(|states| states.values().all(|state| state == "up")).await;
        mill
    }

    /// The operator says how requests are shared.
    fn shares(&self, balancing: &Value) {
        let file = self.town.folder.path().join("balancing.json");
        std::fs::write(&file, balancing.to_string()).expect("the folder can be written");
        let origins: Vec<_> = self.backends.iter().map(Process::origin).collect();
        let mut change = vec!["deployment", "change", &self.deployment];
        origins.iter().for_each(|origin| change.extend(["--upstream", origin]));
        change.extend(["--balancing", file.to_str().expect("a plain path")]);
        self.town.node.run(&change);
    }

    /// Waits until the backends stand like this, by their names.
    async fn until(&self, good: impl Fn(&BTreeMap<&str, String>) -> bool) {
        self.town
            .eventually(async || {
                let list = self.town.node.run(&["deployment", "upstreams", &self.deployment]);
                let items = list["items"].as_array().cloned().unwrap_or_default();
                let state = |(name, item): (&'static str, Value)| {
                    (name, item["state"].as_str().unwrap_or_default().to_owned())
                };
                let states: BTreeMap<_, _> = NAMES.into_iter().zip(items).map(state).collect();
                (states.len() == NAMES.len() && good(&states)).then_some(())
            })
            .await;
    }

    fn client(&self) -> Client {
        let host = format!("contoso.partywall.localhost:{}", self.town.node.port);
        Client::new(self.town.node.port, &host, "")
    }

    fn crowd(&self) -> Crowd {
        let (answers, enough): (Arc<Mutex<Vec<String>>>, _) =
            (Arc::default(), Arc::new(AtomicBool::new(false)));
        let member = |_| {
            let (mut client, answers, enough) = (self.client(), answers.clone(), enough.clone());
            tokio::spawn(async move {
                while !enough.load(Relaxed) {
                    let said = match client.text("/").await {
                        Some((200, said)) => said,
                        answer => format!("failed: {answer:?}"),
                    };
                    answers.lock().expect("nobody panics here").push(said);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        };
        let members = (0..CROWD).map(member).collect();
        Crowd { answers, enough, members }
    }
}

/// Clients that ask over and over.
struct Crowd {
    answers: Arc<Mutex<Vec<String>>>,
    enough: Arc<AtomicBool>,
    members: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// Who gave the next so many answers, and how many each.
    async fn next(&self, many: usize) -> BTreeMap<String, usize> {
        self.answers.lock().expect("nobody panics here").clear();
        while self.answers.lock().expect("nobody panics here").len() < many {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut counts = BTreeMap::new();
        for said in self.answers.lock().expect("nobody panics here").iter().take(many) {
            *counts.entry(said.clone()).or_default() += 1;
        }
        counts
    }

    /// It is enough; gives what failed since the last look.
    async fn ends(self) -> Vec<String> {
        self.enough.store(true, Relaxed);
        for member in self.members {
            member.await.expect("a client does not panic");
        }
        let answers = self.answers.lock().expect("nobody panics here");
        answers.iter().filter(|said| said.starts_with("failed")).cloned().collect()
    }
}

fn evenly(counts: &BTreeMap<String, usize>, names: &[&str]) {
    let all: usize = counts.values().sum();
    let fair = all / names.len();
    for name in names {
        let got = counts.get(*name).copied().unwrap_or_default();
        assert!(got.abs_diff(fair) <= fair / 4, "{name} gave {got} of {all}: {counts:?}");
    }
    assert_eq!(counts.len(), names.len(), "{counts:?}");
}

fn checked() -> Value {
    json!({
        "check": { "path": "/", "interval_ms": 200, "timeout_ms": 200, "up_after": 1 },
        "retry": { "try_ms": 2_000, "budget_percent": 100 },
    })
}

#[tokio::test]
async fn three_backends_share_the_load_and_nobody_notices_when_one_dies_or_hangs() {
    let mut mill = Mill::build(&checked()).await;
    let crowd = mill.crowd();
    evenly(&crowd.next(300).await, &NAMES);
    // One dies: whoever was there is sent elsewhere, before any question was asked.
    mill.backends[0].dies();
    let counts = crowd.next(200).await;
    assert!(!counts.keys().any(|said| said.starts_with("failed")), "{counts:?}");
    mill.until(|states| states["one"] == "down").await;
    evenly(&crowd.next(300).await, &NAMES[1..]);
    mill.backends[0].is_started_again().await;
    mill.until(|states| states["one"] == "up").await;
    evenly(&crowd.next(300).await, &NAMES);
    // Another hangs: nobody waits for it longer than it takes to find that out.
    mill.backends[1].hangs();
    let counts = crowd.next(200).await;
    assert!(!counts.keys().any(|said| said.starts_with("failed")), "{counts:?}");
    mill.until(|states| states["two"] == "down").await;
    evenly(&crowd.next(300).await, &[NAMES[0], NAMES[2]]);
    mill.backends[1].goes_on();
    mill.until(|states| states["two"] == "up").await;
    evenly(&crowd.next(300).await, &NAMES);
    assert_eq!(crowd.ends().await, Vec::<String>::new());
    let (_, metrics) = mill.town.node.private("/metrics").await;
    let up = metrics.lines().filter(|line| line.starts_with("partywall_backend_up{") && line.ends_with(" 1"));
    assert_eq!(up.count(), 3, "{metrics}");
}

#[tokio::test]
async fn a_browser_stays_at_its_backend_until_that_is_gone() {
    let mut rules = checked();
    rules["affinity"] = "cookie".into();
    let mut mill = Mill::build(&rules).await;
    let mut browser = mill.client();
    let set = browser.header("/", "set-cookie").await.expect("it is told where it was");
    assert!(!set.contains("127.0.0.1"), "{set}");
    browser.keeps(&set);
    let (_, home) = browser.text("/").await.expect("an answer");
    for _ in 0..10 {
        assert_eq!(browser.text("/").await, Some((200, home.clone())));
    }
    let at = NAMES.iter().position(|name| *name == home).expect("one of the three");
    mill.backends[at].dies();
    let (status, next) = browser.text("/").await.expect("an answer");
    assert_eq!(status, 200);
    assert_ne!(next, home);
    // Back again, it is where the browser goes.
    mill.backends[at].is_started_again().await;
    mill.until(|states| states[&*home] == "up").await;
    assert_eq!(browser.text("/").await, Some((200, home)));
}

#[tokio::test]
async fn the_operator_learns_which_backends_answer_strangers() {
    let mill = Mill::build(&checked()).await;
    let (good, _, said) = mill.town.node.try_run(&["check", "exposure", "--deployment", &mill.deployment]);
    assert!(!good);
    for backend in &mill.backends {
        assert!(said.contains(&backend.origin()), "{said}");
    }
}
