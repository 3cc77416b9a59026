//! A full disk, a crowd, a database that is away or says nothing: each ends in a bound with an answer that
//! says which, and nothing lands by halves.

use access::{ChangeSettings, RunJob};
use domain::{Change, Fault, Secret};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use store::{Database, Engine, Patience, Store, StoreError, sql, testing, values};
use testkit::{Town, World, for_postgres, for_sqlite};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

const SHORT: Patience =
    Patience { connection: Duration::from_millis(400), answer: Duration::from_millis(400) };

/// Far more than short patience adds up to, far less than anybody would wait.
const BOUND: Duration = Duration::from_secs(10);

async fn impatient(world: &World, database: &Database) -> Store {
    let engine = Engine::open_with(database, SHORT).await.unwrap();
    Store::new(engine, world.clock.clone(), world.chance.clone(), world.store.master().clone())
}

/// Contoso's admin writes `kilobytes` of used states, and says so.
async fn write(world: &World, town: &Town, store: &Store, kilobytes: usize) -> Result<(), StoreError> {
    let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
    let write = store.write(&permit, async |tx| {
        for _ in 0..kilobytes {
            let state = sql!("INSERT INTO used_state (tenant_id, digest, ends) VALUES ($1, $2, 1)");
            tx.run(state, values![tx.new_token() + &"x".repeat(1_000)]).await?;
        }
        tx.changed(Change::new("states", json!(null), json!(kilobytes)));
        Ok(())
    });
    timeout(BOUND, write).await.expect("it ends in a bound")
}

async fn landed(world: &World) -> (i64, i64) {
    let states = world.number("SELECT COUNT(*) FROM used_state").await;
    (states, world.number("SELECT COUNT(*) FROM audit_line WHERE outcome = 'done'").await)
}

#[tokio::test]
async fn a_full_disk_is_called_by_its_name_and_nothing_lands_by_halves() {
    for_sqlite(async |world| {
        let town = Town::build(world).await;
        write(world, &town, &world.store, 1).await.unwrap();
        testing::limit_growth(world.store.engine(), 20).await.unwrap();
        let full = write(world, &town, &world.store, 500).await.unwrap_err();
        assert!(matches!(full, StoreError::Full(_)), "{full:?}");
        assert_eq!(full.code(), "store.full");
        assert_eq!(landed(world).await, (1, 1));
        // The bound went with the connection that met it, as if somebody had made room.
        write(world, &town, &world.store, 500).await.unwrap();
        assert_eq!(landed(world).await, (501, 2), "with room again, all is well");
        assert_eq!(world.raw("PRAGMA integrity_check").await, [["ok"]]);
    })
    .await;
}

#[tokio::test]
async fn somebody_who_holds_the_file_for_too_long_makes_others_busy() {
    for_sqlite(async |world| {
        let town = Town::build(world).await;
        let store = impatient(world, &world.database).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let held = world.store.write(&permit, async |tx| {
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await?;
            let busy = write(world, &town, &store, 1).await.unwrap_err();
            assert!(matches!(busy, StoreError::Busy(_)), "{busy:?}");
            Ok::<_, StoreError>(())
        });
        held.await.unwrap();
        write(world, &town, &store, 1).await.unwrap();
        store.engine().close().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_or_silent_is_called_unavailable() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        // Nobody listens here, and somebody who listens and never says a word.
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [away.local_addr().unwrap(), silent.local_addr().unwrap()];
        drop(away);
        for address in addresses {
            let url = Secret::new(format!("postgres://someone@{address}/nothing"));
            let store = impatient(world, &Database::Postgres { url, connections: 2 }).await;
            let unavailable = write(world, &town, &store, 1).await.unwrap_err();
            assert!(matches!(unavailable, StoreError::Unavailable(_)), "{address}: {unavailable:?}");
        }
        assert_eq!(landed(world).await, (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_ends_a_write_half_way_leaves_nothing_of_it() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = world.store.write(&permit, async |tx| {
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await?;
            world.raw(end_all).await;
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await
        });
        let ended = timeout(BOUND, ended).await.unwrap();
        assert!(matches!(ended, Err(StoreError::Unavailable(_))), "{ended:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant_setting WHERE published = 0").await, 0);
        write(world, &town, &world.store, 1).await.unwrap();
        assert_eq!(landed(world).await, (1, 1), "the next write finds a new connection");
    })
    .await;
}

#[tokio::test]
async fn a_network_that_breaks_half_way_ends_in_a_bound() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let (through, broken) = wire_to(&world.database).await;
        let store = impatient(world, &through).await;
        write(world, &town, &store, 1).await.unwrap();
        let permit = world.background::<RunJob>(&town.contoso);
        let cut = store.write(&permit, async |tx| {
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await?;
            broken.store(true, SeqCst);
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await
        });
        let cut = timeout(BOUND, cut).await.expect("nobody waits for an answer that does not come");
        assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant_setting WHERE published = 0").await, 0);
    })
    .await;
}

/// The same database through a wire that carries nothing any more once it is broken.
async fn wire_to(database: &Database) -> (Database, Arc<AtomicBool>) {
    let Database::Postgres { url, connections } = database else { unreachable!("only for PostgreSQL") };
    let mut url = url::Url::parse(url.reveal()).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    let breaks = broken.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(carry(from_client, to_server, breaks.clone()));
            tokio::spawn(carry(from_server, to_client, breaks.clone()));
        }
    });
    (Database::Postgres { url: Secret::new(url.into()), connections: *connections }, broken)
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    broken: Arc<AtomicBool>,
) {
    let mut buffer = [0; 8_192];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if broken.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
