//! The same story on both engines.

use crate::{World, postgres};
use domain::Secret;
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Once};
use store::Database;

/// Tells `story` once on SQLite and once on PostgreSQL, each on a fresh database.
pub async fn for_each_engine(story: impl AsyncFn(&World)) {
    for_sqlite(&story).await;
    for_postgres(&story).await;
}

/// Tells `story` on SQLite alone, for what only concerns it.
pub async fn for_sqlite(story: impl AsyncFn(&World)) {
    let folder = tempfile::tempdir().expect("a test may make a folder");
    let database = Database::Sqlite(folder.path().join("partywall.db"));
    let world = World::open(database.clone(), database, Some(folder)).await;
    story(&world).await;
    world.store.engine().close().await;
}

/// Tells `story` on PostgreSQL alone, for what only concerns it. Without a server to make databases on it
/// says that it is skipped, unless `PARTYWALL_TEST_ALL` is set, as the test command does.
pub async fn for_postgres(story: impl AsyncFn(&World)) {
    let Some(server) = server() else { return };
    let name = postgres::create(&server).await;
    let owner = postgres::as_owner(&server, &name);
    let world = World::open(database(&owner), database(&postgres::within(&server, &name)), None).await;
    // The database goes whether or not the story ends well.
    let told = AssertUnwindSafe(story(&world)).catch_unwind().await;
    world.store.engine().close().await;
    postgres::drop(&server, &name).await;
    if let Err(panic) = told {
        std::panic::resume_unwind(panic);
    }
}

pub(crate) fn database(url: &str) -> Database {
    Database::Postgres { url: Secret::new(url.to_owned()), connections: 6 }
}

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment and nothing else")]
fn server() -> Option<String> {
    static SAID: Once = Once::new();
    let server = std::env::var("PARTYWALL_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if server.is_none() {
        assert!(
            std::env::var_os("PARTYWALL_TEST_ALL").is_none(),
            "PARTYWALL_TEST_POSTGRES must name a PostgreSQL superuser, such as postgres://postgres@127.0.0.1/postgres"
        );
        SAID.call_once(|| eprintln!("PARTYWALL_TEST_POSTGRES is not set: stories on PostgreSQL are skipped"));
    }
    server
}
