//! Migrations: one numbered source for both engines, forward only.
//!
//! Tokens: `{text}` text that collates by bytes, `{int}` 64 bits, `{serial}` a number in order of
//! writing, `{strict}` SQLite's strictness, `{default_xid}` the writing transaction.
//! Lines: `--pg:` and `--lite:` are for one engine. `--platform: t` grants `t` to the directory's role.
//! `--tenant: t` and `--person: t` put row-level security on `t` and grant it to the serving role.
//! `--append: t a,b` does the same for a table that is only added to; if named, the columns `a` and `b` alone
//! may be set later, and only while `a` is 0. `--directory: t verbs` opens `t` to the directory's role for these verbs.
//!
//! A migration, once released, is never edited: its checksum is over the source and is compared.

use crate::{Engine, StoreError};
use domain::{Clock, Digest};
use sqlx::{AssertSqlSafe, Executor, Row as _};

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    source: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "first light", source: include_str!("migrations/0001_first_light.sql") },
    Migration { version: 2, name: "looked after", source: include_str!("migrations/0002_looked_after.sql") },
    Migration { version: 3, name: "keys", source: include_str!("migrations/0003_keys.sql") },
    Migration { version: 4, name: "rates", source: include_str!("migrations/0004_rates.sql") },
    Migration { version: 5, name: "domains", source: include_str!("migrations/0005_domains.sql") },
    Migration { version: 6, name: "issuers", source: include_str!("migrations/0006_issuers.sql") },
    Migration { version: 7, name: "maintenance", source: include_str!("migrations/0007_maintenance.sql") },
    Migration { version: 8, name: "certificates", source: include_str!("migrations/0008_certificates.sql") },
    Migration { version: 9, name: "balancing", source: include_str!("migrations/0009_balancing.sql") },
    Migration { version: 10, name: "orders", source: include_str!("migrations/0010_orders.sql") },
    Migration { version: 11, name: "products", source: include_str!("migrations/0011_products.sql") },
    Migration { version: 12, name: "anchors", source: include_str!("migrations/0012_anchors.sql") },
    Migration { version: 13, name: "regions", source: include_str!("migrations/0013_regions.sql") },
    Migration { version: 14, name: "exchange", source: include_str!("migrations/0014_exchange.sql") },
    Migration { version: 15, name: "roles", source: include_str!("migrations/0015_roles.sql") },
    Migration {
        version: 16,
        name: "subscribers' traffic",
        source: include_str!("migrations/0016_subscribers_traffic.sql"),
    },
    Migration { version: 17, name: "claim rules", source: include_str!("migrations/0017_claim_rules.sql") },
    Migration { version: 18, name: "applications", source: include_str!("migrations/0018_applications.sql") },
    Migration {
        version: 19,
        name: "people's domains",
        source: include_str!("migrations/0019_people_domains.sql"),
    },
    Migration { version: 20, name: "brands", source: include_str!("migrations/0020_brands.sql") },
    Migration { version: 21, name: "saml", source: include_str!("migrations/0021_saml.sql") },
];

/// The schema cannot be brought to this release's version.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A migration that was applied is not the one this release knows.
    #[error("migration {version} was applied in another form; this release does not belong to this database")]
    Altered {
        /// Which.
        version: i64,
    },
    /// The database is ahead of this release.
    #[error("the database is at version {at}, this release knows {known}; run the newer release")]
    TooNew {
        /// Where the database is.
        at: i64,
        /// The newest this release knows.
        known: i64,
    },
    /// The database is behind this release.
    #[error("run `partywall migrate` first: the database is at version {at}, this release needs {known}")]
    TooOld {
        /// Where the database is.
        at: i64,
        /// What this release needs.
        known: i64,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        MigrateError::Store(error.into())
    }
}

/// The version this release needs.
pub fn known_version() -> i64 {
    MIGRATIONS.last().map_or(0, |last| last.version)
}

/// Every table of the product's own, in the order in which they were made: none comes before one that it
/// refers to.
pub fn tables() -> Vec<&'static str> {
    let of = |migration: &Migration| {
        migration.source.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "))
    };
    MIGRATIONS.iter().flat_map(of).filter_map(|rest| rest.split_whitespace().next()).collect()
}

/// Brings the schema to this release's version; gives the names of the steps taken. Two nodes that try at
/// once take turns.
///
/// # Errors
/// Any [`MigrateError`]; nothing is applied by halves.
pub async fn migrate(engine: &Engine, clock: &Clock) -> Result<Vec<&'static str>, MigrateError> {
    prepare(engine).await?;
    let mut taken = Vec::new();
    for migration in MIGRATIONS {
        if apply(engine, migration, clock).await? {
            taken.push(migration.name);
        }
    }
    check(engine).await?;
    Ok(taken)
}

/// Whether the schema is at this release's version.
///
/// # Errors
/// Any [`MigrateError`].
pub async fn check(engine: &Engine) -> Result<(), MigrateError> {
    let (at, known) = (version(engine).await?, known_version());
    match at.cmp(&known) {
        std::cmp::Ordering::Less => Err(MigrateError::TooOld { at, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(MigrateError::TooNew { at, known }),
    }
}

/// The version that the database is at; 0 before the first migration.
///
/// # Errors
/// [`StoreError`].
pub async fn version(engine: &Engine) -> Result<i64, StoreError> {
    let text = "SELECT COALESCE(MAX(version), 0) AS version FROM schema_version";
    let version = match engine {
        Engine::Sqlite { writer, .. } => {
            sqlx::query(text).fetch_one(writer).await.map(|row| row.try_get("version"))
        }
        Engine::Postgres { options, .. } => {
            let mut connection = connect(options).await?;
            sqlx::query(text).fetch_one(&mut connection).await.map(|row| row.try_get("version"))
        }
    };
    match version {
        Ok(version) => Ok(version?),
        // No such table: nothing was ever applied.
        Err(sqlx::Error::Database(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, \
     name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Any number will do; it must only be the same on every node.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7021195)";

async fn prepare(engine: &Engine) -> Result<(), StoreError> {
    match engine {
        Engine::Sqlite { writer, .. } => {
            sqlx::query(VERSIONS).execute(writer).await?;
        }
        Engine::Postgres { options, .. } => {
            let mut connection = connect(options).await?;
            let text = format!("BEGIN; {LOCK}; {ROLES}; {VERSIONS}; COMMIT");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
        }
    }
    Ok(())
}

/// Roles belong to the whole server, so another database may have made them already, or be making them
/// now, or somebody with more rights may have made them for us. The owner owns; the others own nothing, so
/// that row-level security holds for them. The keeper copies whole tables for backup and restore.
const ROLES: &str = "DO $$ DECLARE r text; BEGIN \
     FOREACH r IN ARRAY ARRAY['partywall_app', 'partywall_directory', 'partywall_keeper'] LOOP \
       IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN \
         BEGIN EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', r); \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; \
       END IF; \
       IF NOT pg_has_role(current_user, r, 'MEMBER') THEN \
         BEGIN EXECUTE format('GRANT %I TO %I', r, current_user); \
         EXCEPTION WHEN unique_violation THEN NULL; END; \
       END IF; \
     END LOOP; END $$; \
     GRANT USAGE ON SCHEMA public TO partywall_app, partywall_directory, partywall_keeper";

async fn apply(engine: &Engine, migration: &Migration, clock: &Clock) -> Result<bool, MigrateError> {
    let checksum = Digest::of(migration.source.as_bytes()).to_string();
    let find = "SELECT checksum FROM schema_version WHERE version = $1";
    let note = "INSERT INTO schema_version (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";
    // The two arms are alike to the letter but cannot share a function: the types of sqlx differ.
    macro_rules! within {
        ($tx:expr, $postgres:literal) => {{
            let mut tx = $tx;
            if let Some(row) = sqlx::query(find).bind(migration.version).fetch_optional(&mut *tx).await? {
                let applied: String = row.try_get("checksum")?;
                return if applied == checksum {
                    Ok(false)
                } else {
                    Err(MigrateError::Altered { version: migration.version })
                };
            }
            tx.execute(sqlx::raw_sql(AssertSqlSafe(render(migration.source, $postgres)))).await?;
            sqlx::query(note)
                .bind(migration.version)
                .bind(migration.name)
                .bind(&checksum)
                .bind(clock.now().micros())
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }};
    }
    match engine {
        Engine::Sqlite { writer, .. } => within!(writer.begin_with("BEGIN IMMEDIATE").await?, false),
        Engine::Postgres { options, .. } => {
            let mut connection = connect(options).await?;
            let mut tx = sqlx::Connection::begin(&mut connection).await?;
            tx.execute(LOCK).await?;
            within!(tx, true);
        }
    }
    Ok(true)
}

async fn connect(options: &sqlx::postgres::PgConnectOptions) -> Result<sqlx::PgConnection, StoreError> {
    use sqlx::ConnectOptions;
    Ok(options.connect().await?)
}

/// The text for one engine.
fn render(source: &str, postgres: bool) -> String {
    let lines: Vec<String> = source.lines().filter_map(|line| render_line(line, postgres)).collect();
    let tokens: &[(&str, &str, &str)] = &[
        ("{text}", "TEXT COLLATE \"C\"", "TEXT"),
        ("{int}", "BIGINT", "INTEGER"),
        ("{serial}", "BIGSERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{default_xid}", "DEFAULT (pg_current_xact_id()::text::bigint)", "DEFAULT 0"),
        ("{strict}", "", "STRICT"),
    ];
    tokens.iter().fold(lines.join("\n"), |text, (token, pg, lite)| {
        text.replace(token, if postgres { pg } else { lite })
    })
}

fn render_line(line: &str, postgres: bool) -> Option<String> {
    let Some((kind, rest)) = line.strip_prefix("--").and_then(|line| line.split_once(": ")) else {
        return Some(line.to_owned());
    };
    let (table, verbs) = rest.split_once(' ').unwrap_or((rest, ""));
    match (kind, postgres) {
        ("pg", true) | ("lite", false) => Some(rest.to_owned()),
        ("platform", true) => Some(format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO partywall_directory;\n\
             GRANT SELECT, INSERT ON {table} TO partywall_keeper;"
        )),
        ("tenant", true) => Some(walled(table, "tenant", "tenant_id", "SELECT, INSERT, UPDATE, DELETE")),
        ("person", true) => Some(walled(table, "person", "user_id", "SELECT, INSERT, UPDATE, DELETE")),
        ("append", true) => Some(only_added_to(table, verbs)),
        ("append", false) => Some(guarded(table, verbs)),
        ("directory", true) => Some(format!(
            "{}\n\
             GRANT {verbs} ON {table} TO partywall_directory;",
            everything(table, "directory")
        )),
        ("pg" | "lite" | "platform" | "tenant" | "person" | "directory", _) => None,
        _ => Some(line.to_owned()),
    }
}

fn walled(table: &str, setting: &str, column: &str, verbs: &str) -> String {
    let test = scoped(setting, column);
    let policy =
        format!("CREATE POLICY {setting} ON {table} TO partywall_app USING ({test}) WITH CHECK ({test});");
    behind_walls(table, &policy, verbs)
}

/// The first of the `settable` columns is 0 until a row is placed; from then on the row is out of reach.
fn only_added_to(table: &str, settable: &str) -> String {
    if settable.is_empty() {
        return walled(table, "tenant", "tenant_id", "SELECT, INSERT");
    }
    let (test, place) = (scoped("tenant", "tenant_id"), settable.split(',').next().unwrap_or_default());
    let policies = format!(
        "CREATE POLICY tenant ON {table} FOR SELECT TO partywall_app USING ({test});\n\
         CREATE POLICY tenant_adds ON {table} FOR INSERT TO partywall_app WITH CHECK ({test});\n\
         CREATE POLICY tenant_places ON {table} FOR UPDATE TO partywall_app USING ({test} AND {place} = 0) WITH CHECK ({test});"
    );
    behind_walls(table, &policies, &format!("SELECT, INSERT, UPDATE ({settable})"))
}

fn scoped(setting: &str, column: &str) -> String {
    format!("{column} = NULLIF(current_setting('partywall.{setting}', true), '')")
}

fn behind_walls(table: &str, policies: &str, verbs: &str) -> String {
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n\
         ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n\
         {policies}\n\
         GRANT {verbs} ON {table} TO partywall_app;\n\
         {}\n\
         GRANT SELECT, INSERT ON {table} TO partywall_keeper;",
        everything(table, "keeper")
    )
}

/// A policy that shows every row, to those who have put on the role. The login is a member of each role and
/// would have its policies without putting it on.
fn everything(table: &str, role: &str) -> String {
    let test = format!("current_user = 'partywall_{role}'");
    format!("CREATE POLICY {role} ON {table} TO partywall_{role} USING ({test}) WITH CHECK ({test});")
}

/// SQLite has no roles; triggers refuse what PostgreSQL's grants and policies refuse. Which columns may be set
/// at all, the migration says itself.
fn guarded(table: &str, settable: &str) -> String {
    let place = settable.split(',').next().filter(|first| !first.is_empty());
    let placed = place.map_or(String::new(), |place| format!(" WHEN OLD.{place} <> 0"));
    let refuse = format!("BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END;");
    format!(
        "CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table}{placed} {refuse}\n\
         CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {refuse}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbered_without_a_gap() {
        let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=known_version()).collect::<Vec<_>>());
    }

    #[test]
    fn no_token_is_left_over() {
        for migration in MIGRATIONS {
            for postgres in [false, true] {
                let text = render(migration.source, postgres);
                // An empty object is a value, and no token.
                let text = text.replace("'{}'", "''");
                assert!(!text.lines().any(|line| line.contains('{') && !line.starts_with("--")), "{text}");
            }
        }
    }
}
