//! Whether a PostgreSQL server still is as `migrate` left it: its clock, its roles, its walls. Whoever has
//! more rights than we may have changed any of it.

use super::Engine;
use crate::StoreError;
use domain::Moment;
use sqlx::{ConnectOptions, PgConnection, Row as _};

/// Of the login: what would let it past every policy.
const LOGIN: &str =
    "SELECT rolname::text AS name FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)";

/// Of our roles: those that are missing, not ours to put on, or able to do more than they should.
const ROLES: &str = "SELECT r.name, CASE
       WHEN p.rolname IS NULL THEN 'is missing'
       WHEN p.rolsuper OR p.rolbypassrls THEN 'passes every policy'
       WHEN p.rolcanlogin OR p.rolcreaterole OR p.rolcreatedb THEN 'may log in or make roles or databases'
       WHEN EXISTS (SELECT FROM pg_class c WHERE c.relowner = p.oid) THEN 'owns a table, which policies would not hold for'
       WHEN NOT pg_has_role(current_user, p.oid, 'MEMBER') THEN 'is not granted to the login'
     END AS fault
     FROM unnest(ARRAY['partywall_app', 'partywall_directory', 'partywall_keeper']) AS r (name)
     LEFT JOIN pg_roles p ON p.rolname = r.name";

/// Of tenants' and persons' tables: those without forced row-level security, or without the policies of the
/// roles that serve.
const WALLS: &str = "SELECT c.relname::text AS name, CASE
       WHEN NOT (c.relrowsecurity AND c.relforcerowsecurity) THEN 'has no forced row-level security'
       ELSE 'has no policy for the serving role'
     END AS fault
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('tenant_id', 'user_id'))
       AND (NOT (c.relrowsecurity AND c.relforcerowsecurity) OR NOT EXISTS (SELECT FROM pg_policy p
         WHERE p.polrelid = c.oid AND 'partywall_app'::regrole = ANY (p.polroles)))";

/// Of the platform's tables: those that the serving role or everybody was given.
const GRANTS: &str = "SELECT DISTINCT g.table_name::text AS name, 'is granted to ' || g.grantee AS fault
     FROM information_schema.role_table_grants g
     WHERE g.table_schema = 'public' AND (g.grantee = 'PUBLIC' OR (g.grantee = 'partywall_app' AND NOT EXISTS (
       SELECT FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = g.table_name
         AND c.column_name IN ('tenant_id', 'user_id'))))";

impl Engine {
    /// What the database takes the time to be; none where it is this machine that tells it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clock(&self) -> Result<Option<Moment>, StoreError> {
        let Engine::Postgres { options, .. } = self else { return Ok(None) };
        let mut connection = options.connect().await?;
        let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS n";
        let micros: i64 = sqlx::query(now).fetch_one(&mut connection).await?.try_get("n")?;
        Ok(Some(Moment::from_micros(micros)))
    }

    /// Every hole in the walls between tenants, in words; a file has no roles and no walls.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn holes(&self) -> Result<Vec<String>, StoreError> {
        let Engine::Postgres { options, .. } = self else { return Ok(vec![]) };
        let mut connection = options.connect().await?;
        let mut holes = Vec::new();
        for row in sqlx::query(LOGIN).fetch_all(&mut connection).await? {
            let name: String = row.try_get("name")?;
            holes.push(format!("the login {name} is a superuser or bypasses row-level security"));
        }
        for (what, query) in [("the role", ROLES), ("the table", WALLS), ("the table", GRANTS)] {
            holes.extend(faults(&mut connection, what, query).await?);
        }
        Ok(holes)
    }
}

async fn faults(
    connection: &mut PgConnection,
    what: &str,
    query: &'static str,
) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    for row in sqlx::query(query).fetch_all(connection).await? {
        let (name, fault): (String, Option<String>) = (row.try_get("name")?, row.try_get("fault")?);
        faults.extend(fault.map(|fault| format!("{what} {name} {fault}")));
    }
    Ok(faults)
}
