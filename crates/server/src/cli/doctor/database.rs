//! The database: whether it answers, is at this release's version, tells the same time, still has its walls,
//! opens under the master key, and has nothing lying about.

use super::{PATIENCE, finding::Finding};
use crate::{assemble, cli::offline, config::Config, keys};
use access::{OperatorPermit, Origin, Upkeep};
use domain::{Chance, Clock, RequestId};
use std::time::Duration;
use store::{Database, Engine, Store, migrate};

/// What is found, and the way to the database if there is one.
pub(super) async fn look(config: &Config) -> (Vec<Finding>, Option<Store>) {
    // Opening it would make it, and the doctor makes nothing.
    if let Database::Sqlite(file) = &config.database
        && !file.exists()
    {
        let words = format!("{} is not there yet", file.display());
        return (vec![Finding::mind("database", words, "the first `partywall serve` makes it")], None);
    }
    match tokio::time::timeout(PATIENCE, open(config)).await {
        Err(_) => {
            let words = format!("no answer within {} seconds", PATIENCE.as_secs());
            (
                vec![Finding::wrong("database", words, "is it running, and does a firewall let us through?")],
                None,
            )
        }
        Ok(Err(why)) => {
            (vec![Finding::wrong("database", why, "correct database.url, or do what it says")], None)
        }
        Ok(Ok(engine)) => inspect(config, engine).await,
    }
}

async fn open(config: &Config) -> Result<Engine, String> {
    let engine = Engine::open(&config.database).await.map_err(|error| error.to_string())?;
    migrate::check(&engine).await.map_err(|error| error.to_string())?;
    Ok(engine)
}

async fn inspect(config: &Config, engine: Engine) -> (Vec<Finding>, Option<Store>) {
    let mut findings =
        vec![Finding::good("database", format!("{} at version {}", engine.name(), migrate::known_version()))];
    findings.extend(clocks(&engine).await);
    findings.extend(walls(&engine).await);
    let master = match keys::master_key(&config.master_key, false, &Chance::system()) {
        Ok(master) => master,
        Err(why) => {
            findings.push(Finding::wrong(
                "master key",
                why,
                "lay down the one that this database was sealed under",
            ));
            engine.close().await;
            return (findings, None);
        }
    };
    let store = Store::new(engine, Clock::System, Chance::system(), master);
    findings.push(keyring(&store).await);
    if let Some(upkeep) = upkeep(&store) {
        findings.push(feed(&store, &upkeep).await);
        findings.push(jobs(&store, &upkeep).await);
    }
    (findings, Some(store))
}

/// A permit for looking after the platform.
pub(super) fn upkeep(store: &Store) -> Option<OperatorPermit<Upkeep>> {
    let origin = Origin { request: RequestId::new(store.clock().now(), store.chance()) };
    offline::warden(store).platform::<Upkeep>(origin).ok()
}

/// Ends of sessions are compared with this machine's clock and written by all nodes'.
async fn clocks(engine: &Engine) -> Option<Finding> {
    let before = Clock::System.now();
    let there = match engine.clock().await {
        Ok(there) => there?,
        Err(error) => return Some(unanswered("clocks", &error.to_string())),
    };
    let (apart, words) = apart(before.micros(), there.micros(), Clock::System.now().micros());
    let remedy = "keep both machines by NTP: sessions and tokens end by the clock";
    Some(match apart.as_secs() {
        0..2 => Finding::good("clocks", words),
        2..10 => Finding::mind("clocks", words, remedy),
        _ => Finding::wrong("clocks", words, remedy),
    })
}

/// How far the database's clock is from ours, which was read before and after.
fn apart(before: i64, there: i64, after: i64) -> (Duration, String) {
    let (early, late) = (before.saturating_sub(there).max(0), there.saturating_sub(after).max(0));
    let apart = Duration::from_micros(early.max(late).unsigned_abs());
    let words = match (early, late) {
        (0, 0) => "the database tells the same time".to_owned(),
        (early, _) if early > 0 => {
            format!("the database is {:.1} s behind this machine", apart.as_secs_f64())
        }
        _ => format!("the database is {:.1} s ahead of this machine", apart.as_secs_f64()),
    };
    (apart, words)
}

async fn walls(engine: &Engine) -> Vec<Finding> {
    match engine.holes().await {
        Ok(holes) if holes.is_empty() && engine.name() == "sqlite" => vec![],
        Ok(holes) if holes.is_empty() => {
            vec![Finding::good("walls", "roles and row-level security are as migrate made them")]
        }
        Ok(holes) => holes
            .into_iter()
            .map(|hole| Finding::wrong("walls", hole, "put it back as docs/migrations.md says, under Roles"))
            .collect(),
        Err(error) => vec![unanswered("walls", &error.to_string())],
    }
}

async fn keyring(store: &Store) -> Finding {
    match assemble::open_keyring(store).await {
        Ok(Some(_)) => Finding::good("master key", "it opens what is sealed in the database"),
        Ok(None) => Finding::mind(
            "master key",
            "nothing is sealed yet",
            "the first `partywall serve` makes what is needed",
        ),
        Err(error) => Finding::wrong(
            "master key",
            format!("it does not open what is sealed in the database: {error}"),
            "lay down the one that this database was sealed under, or name it in master_key.previous",
        ),
    }
}

async fn feed(store: &Store, upkeep: &OperatorPermit<Upkeep>) -> Finding {
    let held = match store.feed_is_held_back(upkeep).await {
        Ok(held) => held,
        Err(error) => return unanswered("change feed", &error.to_string()),
    };
    let words = format!("changes have been held back for {} seconds", held.as_secs());
    let remedy = "a transaction on the server is open: find it in pg_stat_activity by its age, and end it";
    match held.as_secs() {
        0..5 => Finding::good("change feed", "nothing holds it back"),
        5..60 => Finding::mind("change feed", words, remedy),
        _ => Finding::wrong("change feed", words, remedy),
    }
}

async fn jobs(store: &Store, upkeep: &OperatorPermit<Upkeep>) -> Finding {
    match store.survey(upkeep, async |tx| tx.dead_jobs().await).await {
        Ok(0) => Finding::good("jobs", "none is dead"),
        Ok(dead) => Finding::mind(
            "jobs",
            format!("{dead} are dead: nobody tries them any more"),
            "`partywall jobs --dead` says why; then `jobs retry` or `jobs drop`",
        ),
        Err(error) => unanswered("jobs", &error.to_string()),
    }
}

fn unanswered(about: &str, why: &str) -> Finding {
    Finding::wrong(about, format!("the database does not say: {why}"), "its log says more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_with_the_time_that_the_question_took() {
        assert_eq!(apart(10, 15, 20), (Duration::ZERO, "the database tells the same time".to_owned()));
        let (behind, words) = apart(5_000_000, 1_500_000, 5_100_000);
        assert_eq!(
            (behind, words.as_str()),
            (Duration::from_millis(3_500), "the database is 3.5 s behind this machine")
        );
        let (ahead, words) = apart(0, 12_000_000, 1_000_000);
        assert_eq!(
            (ahead, words.as_str()),
            (Duration::from_secs(11), "the database is 11.0 s ahead of this machine")
        );
    }
}
