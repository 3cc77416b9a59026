//! Databases on the PostgreSQL server that the test command starts, and the way behind the product's back.

use super::{Town, node::offline};
use std::{path::Path, process::Command};

/// The server, or a clear word that it is missing.
fn server() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the server is")]
    let server = std::env::var("PARTYWALL_TEST_POSTGRES");
    server.expect("PARTYWALL_TEST_POSTGRES names no PostgreSQL server; `./test` starts one")
}

/// A fresh database, owned by a login role that is no superuser.
pub(crate) async fn create() -> String {
    let server = server();
    let name = format!("pw_town_{}_{}", std::process::id(), super::free_port());
    for statement in [
        format!("CREATE ROLE {name} LOGIN CREATEROLE NOSUPERUSER"),
        format!("CREATE DATABASE {name} OWNER {name}"),
    ] {
        psql(&server, &statement);
    }
    let (head, _) = server.rsplit_once('/').expect("an address ends in a database");
    let (scheme, rest) = head.split_once("://").expect("an address has a scheme");
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{name}@{host}/{name}")
}

/// Migrates the database and lays down the master key that every node needs.
pub(crate) fn prepare(folder: &Path, url: &str) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use std::os::unix::fs::PermissionsExt;
    let key = folder.join("master.key");
    std::fs::write(&key, BASE64_STANDARD.encode(domain::Chance::system().bytes::<32>()))
        .expect("the folder can be written");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("it is our file");
    let settings =
        [format!("data={}", folder.display()), "development=true".to_owned(), format!("database.url={url}")];
    let (good, words) = offline(&settings, &["migrate"]);
    assert!(good, "migrate failed: {words}");
}

impl Town {
    /// Changes the database behind the product's back, with every right over it.
    pub(crate) fn behind_the_back(&self, statement: &str) {
        if !self.database.is_empty() {
            return as_superuser(&self.database, statement);
        }
        let script =
            "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=10).executescript(sys.argv[2])";
        let file = self.folder.path().join("partywall.db");
        let status = Command::new("python3").args(["-c", script]).arg(file).arg(statement).status();
        assert!(status.is_ok_and(|status| status.success()), "Python cannot do: {statement}");
    }
}

impl Town {
    /// Takes the database away from everybody, as if its server had stopped.
    pub(crate) fn take_database_away(&self) {
        let (_, name) = self.database.rsplit_once('/').expect("an address ends in a database");
        let server = server();
        psql(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        psql(
            &server,
            &format!(
                "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'; END $$"
            ),
        );
    }
}

/// Runs a statement in the database at `url` with every right over it.
fn as_superuser(url: &str, statement: &str) {
    let (_, name) = url.rsplit_once('/').expect("an address ends in a database");
    let server = server();
    let (head, _) = server.rsplit_once('/').expect("an address ends in a database");
    psql(&format!("{head}/{name}"), statement);
}

fn psql(server: &str, statement: &str) {
    let status = Command::new("psql").args([server, "-qc", statement]).status();
    assert!(status.is_ok_and(|status| status.success()), "psql cannot do: {statement}");
}
