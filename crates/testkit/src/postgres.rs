//! A PostgreSQL database for one test. It is owned and used by a login that is no superuser, so that
//! row-level security means something.

use crate::engines::database;
use domain::Chance;
use store::testing;
use tokio::sync::OnceCell;
use url::Url;

const OWNER: &str = "pw_test_owner";

/// Roles belong to the whole server: one test process at a time makes them. The number is any number.
const ROLES: &str = "BEGIN; SELECT pg_advisory_xact_lock(7021196); \
     DO $$ BEGIN \
       IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pw_test_owner') THEN \
         CREATE ROLE pw_test_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD 'pw_test_owner'; \
       END IF; \
     END $$; COMMIT";

/// Creates a database of a fresh name and gives the name.
pub(crate) async fn create(server: &str) -> String {
    static ROLES_MADE: OnceCell<()> = OnceCell::const_new();
    ROLES_MADE.get_or_init(|| run(server, ROLES)).await;
    let name = format!("pw_test_{:016x}", u64::from_be_bytes(Chance::system().bytes()));
    run(server, &format!("CREATE DATABASE {name} OWNER {OWNER}")).await;
    name
}

/// Drops it, whoever is still connected.
pub(crate) async fn drop(server: &str, name: &str) {
    run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

/// The server's own user, in the database `name`.
pub(crate) fn within(server: &str, name: &str) -> String {
    let mut url = Url::parse(server).expect("PARTYWALL_TEST_POSTGRES is an address");
    url.set_path(name);
    url.into()
}

/// The owner of the database `name`.
pub(crate) fn as_owner(server: &str, name: &str) -> String {
    let mut url = Url::parse(&within(server, name)).expect("it was an address before");
    url.set_username(OWNER).expect("the address has a host");
    url.set_password(Some(OWNER)).expect("the address has a host");
    url.into()
}

async fn run(server: &str, statements: &str) {
    let done = testing::raw(&database(server), statements).await;
    done.unwrap_or_else(|error| panic!("the test server refused `{statements}`: {error}"));
}
