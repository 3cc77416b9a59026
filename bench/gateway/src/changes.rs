//! What it costs a node to hear of changed tenants, and how soon it does: the node is one of several over PostgreSQL, and
//! somebody else changes tenants in the database. First one at a time, asking the node until it answers at the new
//! address; then many a second, reading what the node has spent beside what it spends when nothing changes.

use crate::{
    addresses,
    ask::{Ask, Line},
    await_answer,
    fill::{self, OPEN, Renames, Size},
    node,
    process::{Cost, Pinned, REST},
    say,
};
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How many are changed one at a time.
const ONE_BY_ONE: u32 = 200;
/// How many are changed at once by a tick of the many.
const TICK: Duration = Duration::from_millis(4);
/// How long each of quiet and change is measured.
const TURN: Duration = Duration::from_secs(20);
/// A change that a node has not heard of by then is lost.
const LOST: Duration = Duration::from_secs(10);

/// Measures over the empty database at `url`, which is left full.
pub(crate) async fn measure(binary: &Path, url: &str, tenants: u32, a_second: u32) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let folder = folder.path();
    fill::make_master_key(&node::data(folder))?;
    let [application, public, private, decide] = addresses()?;
    let more = [format!("database.url={url}")];
    node::Cli { binary, folder }.run(&["--set", &more[0], "migrate"]).await?;
    let start = || node::start(binary, folder, public, private, decide, &more);
    let first = start()?;
    await_answer(private, &Ask { host: "localhost", path: "/readyz", ..Ask::default() }).await?;
    first.end().await?;
    say(&format!("filling the database: {tenants} tenants"));
    let size = Size { tenants, people: 1 };
    let town = fill::fill_at(&node::data(folder), fill::postgres(url), size, application).await?;
    let renames = Renames::open(&node::data(folder), fill::postgres(url)).await?;

    let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let upstream = Pinned::start("upstream", REST, &own, &["upstream", &application.to_string()], folder)?;
    let process = start()?;
    await_answer(public, &Ask { host: &town.people[0].tenant.host, path: OPEN, ..Ask::default() }).await?;
    let mut seen = Vec::new();
    for number in 0..ONE_BY_ONE {
        let tenant = &town.tenants[(number as usize * 7_919) % town.tenants.len()];
        let host = renames.one(tenant, number).await?;
        seen.push(is_seen(public, &host).await?);
    }
    seen.sort();
    let at = |hundredth: usize| seen[(seen.len() - 1) * hundredth / 100].as_secs_f64() * 1_000.0;
    println!("\n| | p50 ms | p99 ms | most ms |\n|---|---|---|---|");
    println!("| a change is seen by another node | {:.1} | {:.1} | {:.1} |", at(50), at(99), at(100));

    sleep(Duration::from_secs(3)).await;
    let quiet = spent(&process, sleep(TURN)).await?;
    let mut changed = 0;
    let busy = spent(&process, async { changed = keep_changing(&renames, &town, a_second).await }).await?;
    let (quiet, busy) = (share(quiet), share(busy));
    let rate = f64::from(changed) / TURN.as_secs_f64();
    println!(
        "\n| changes a second | node, % of a processor | when nothing changes | more |\n|---|---|---|---|"
    );
    println!("| {rate:.0} | {busy:.2} | {quiet:.2} | **{:.2}** |", busy - quiet);
    process.end().await?;
    upstream.end().await
}

/// How long after its commit a node knows a tenant by its new address.
async fn is_seen(at: SocketAddr, host: &str) -> Result<Duration, String> {
    let committed = Instant::now();
    let mut line = Line::open(at).await?;
    while committed.elapsed() < LOST {
        if line.ask(Ask { host, path: OPEN, ..Ask::default() }).await?.status == 200 {
            return Ok(committed.elapsed());
        }
        sleep(Duration::from_micros(500)).await;
    }
    Err(format!("{host} was not known within {} s", LOST.as_secs()))
}

async fn keep_changing(renames: &Renames, town: &fill::Town, a_second: u32) -> u32 {
    let until = Instant::now() + TURN;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let each = (f64::from(a_second) * TICK.as_secs_f64()).round().max(1.0) as u32;
    let mut changed = 0;
    while Instant::now() < until {
        ticks.tick().await;
        let batch = (changed..changed + each).map(|number| {
            let tenant = &town.tenants[(number as usize * 7_919) % town.tenants.len()];
            renames.one(tenant, ONE_BY_ONE + number)
        });
        for change in batch {
            if change.await.is_ok() {
                changed += 1;
            }
        }
    }
    changed
}

async fn spent(process: &Pinned, meanwhile: impl Future<Output = ()>) -> Result<Cost, String> {
    let before = process.cost()?;
    meanwhile.await;
    Ok(process.cost()?.since(before))
}

fn share(cost: Cost) -> f64 {
    cost.whole() as f64 / TURN.as_micros() as f64 * 100.0
}
