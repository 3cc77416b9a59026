//! Nothing that was acknowledged is lost when the process is killed, and nothing stands by halves.

use access::{Bounds, Origin, RunJob, Warden};
use domain::{Chance, Change, Clock, Event, MasterKey, RequestId, Secret, event::names, seal::SealingKey};
use serde_json::json;
use std::{process::Stdio, sync::Arc};
use store::{Database, Engine, Store, StoreError};
use testkit::{Recorder, Town, World, for_each_engine};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

const DATABASE: &str = "PARTYWALL_KILLED_DATABASE";
const MASTER: &str = "PARTYWALL_KILLED_MASTER";
const TENANT: &str = "PARTYWALL_KILLED_TENANT";

#[tokio::test]
async fn killed_at_any_point_nothing_acknowledged_is_lost() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let mut acknowledged = Vec::new();
        for round in 0..4 {
            acknowledged.extend(write_until_killed(world, &town, 3 + round * 5).await);
        }
        let facts = world.raw("SELECT id FROM usage_fact ORDER BY id").await;
        for id in &acknowledged {
            assert!(facts.contains(&vec![id.clone()]), "{id} was acknowledged and is not there");
        }
        // At most one write a round had landed and was not yet acknowledged; none is there by halves.
        assert!(facts.len() <= acknowledged.len() + 4);
        for table in ["audit_line", "outbox", "job"] {
            let rows = world.number(&format!("SELECT COUNT(*) FROM {table}")).await;
            assert_eq!(rows as usize, facts.len(), "{table}");
        }
    })
    .await;
}

/// Starts this test program as a process of its own, kills it after so many acknowledgements, and gives them.
async fn write_until_killed(world: &World, town: &Town, after: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
        .env(DATABASE, address(&world.database))
        .env(MASTER, hex(world.store.master().current().bytes()))
        .env(TENANT, town.contoso.id.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < after {
        let line = lines.next_line().await.unwrap().expect("it writes until it is killed");
        acknowledged.extend(line.strip_prefix("landed ").map(str::to_owned));
    }
    child.kill().await.unwrap();
    // What it said before it died, it said.
    while let Some(line) = lines.next_line().await.unwrap() {
        acknowledged.extend(line.strip_prefix("landed ").map(str::to_owned));
    }
    acknowledged
}

#[tokio::test]
#[ignore = "the process that the story above starts and kills"]
async fn writes_until_it_is_killed() {
    let [Some(database), Some(master), Some(tenant)] = [DATABASE, MASTER, TENANT].map(variable) else {
        return;
    };
    let (clock, chance) = (Clock::System, Chance::system());
    let engine = Engine::open(&database_at(&database)).await.unwrap();
    let master = MasterKey::new(SealingKey::new(unhex(&master)), vec![]);
    let store = Store::new(engine, clock.clone(), chance.clone(), master);
    let directory = Arc::new(store.directory());
    let warden = Warden::new(directory, Arc::new(Recorder::default()), clock.clone(), Bounds::default());
    let origin = Origin { request: RequestId::new(clock.now(), &chance) };
    let permit = warden.background::<RunJob>(tenant.parse().unwrap(), origin);
    loop {
        let id = chance.token();
        let write = store.write(&permit, async |tx| {
            tx.count(&id, "kills", 1).await?;
            tx.changed(Change::new(&id, json!(null), json!(1)));
            tx.emit(Event::new(names::MEMBER_CHANGED, &id)).await?;
            tx.enqueue("mail", "greet", &id, tx.now()).await?;
            Ok::<_, StoreError>(())
        });
        write.await.unwrap();
        println!("landed {id}");
    }
}

#[expect(clippy::disallowed_methods, reason = "how the story above tells its process where to write")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn address(database: &Database) -> String {
    match database {
        Database::Sqlite(file) => file.display().to_string(),
        Database::Postgres { url, .. } => url.reveal().clone(),
    }
}

fn database_at(address: &str) -> Database {
    if address.starts_with("postgres://") {
        return Database::Postgres { url: Secret::new(address.to_owned()), connections: 4 };
    }
    Database::Sqlite(address.into())
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}
