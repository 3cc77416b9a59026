//! Row-level security on PostgreSQL, as the catalog has it: forced on every tenant's and person's table, by
//! one condition, for roles that own nothing and pass by nothing.

use testkit::{World, for_postgres};

const ROLES: [&str; 3] = ["partywall_app", "partywall_directory", "partywall_keeper"];

fn condition(setting: &str, column: &str) -> String {
    format!("({column} = NULLIF(current_setting('partywall.{setting}'::text, true), ''::text))")
}

/// The login is a member of every role, and so has every policy; this one holds only for who puts it on.
fn worn(role: &str) -> String {
    format!("(CURRENT_USER = 'partywall_{role}'::name)")
}

/// Every hole in the walls.
async fn holes(world: &World) -> Vec<String> {
    let mut holes = Vec::new();
    let tables = world
        .raw(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
               CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') THEN 'tenant'
                    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id') THEN 'person'
                    ELSE '' END
             FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1",
        )
        .await;
    for row in tables {
        let (table, forced, kind) = (&row[0], row[1] == "t", row[2].as_str());
        let served = world.raw(&grants_to("partywall_app", table)).await;
        if kind.is_empty() {
            if !served.is_empty() {
                holes.push(format!("{table} is the platform's and is granted to the serving role"));
            }
            continue;
        }
        if !forced {
            holes.push(format!("{table} has no forced row-level security"));
        }
        holes.extend(wrong_policies(world, table, kind).await);
    }
    holes.extend(wrong_privileges(world).await);
    holes.extend(wrong_roles(world).await);
    holes.extend(odd_things(world).await);
    holes
}

fn grants_to(role: &str, table: &str) -> String {
    format!(
        "SELECT privilege_type FROM information_schema.role_table_grants
         WHERE grantee = '{role}' AND table_schema = 'public' AND table_name = '{table}'"
    )
}

async fn wrong_policies(world: &World, table: &str, kind: &str) -> Vec<String> {
    let column = if kind == "tenant" { "tenant_id" } else { "user_id" };
    let condition = condition(kind, column);
    let policies = world
        .raw(&format!(
            "SELECT policyname, array_to_string(roles, ','), permissive, cmd, COALESCE(qual, ''), COALESCE(with_check, '')
             FROM pg_policies WHERE tablename = '{table}' ORDER BY 1"
        ))
        .await;
    let policy = |name: &str, role: &str, verb: &str, using: &str, check: &str| {
        [name, role, "PERMISSIVE", verb, using, check].map(str::to_owned).to_vec()
    };
    let keeper = policy("keeper", "partywall_keeper", "ALL", &worn("keeper"), &worn("keeper"));
    let allowed = policy("directory", "partywall_directory", "ALL", &worn("directory"), &worn("directory"));
    let served = if table == "audit_line" {
        // A line that has its place is out of reach of every update.
        let waiting = format!("({condition} AND (seq = 0))");
        vec![
            policy("tenant", "partywall_app", "SELECT", &condition, ""),
            policy("tenant_adds", "partywall_app", "INSERT", "", &condition),
            policy("tenant_places", "partywall_app", "UPDATE", &waiting, &condition),
        ]
    } else {
        vec![policy(kind, "partywall_app", "ALL", &condition, &condition)]
    };
    let required: Vec<_> = served.into_iter().chain([keeper]).collect();
    let missing =
        required.iter().filter(|one| !policies.contains(one)).map(|one| format!("{table} lacks {one:?}"));
    let strange = policies.iter().filter(|one| !required.contains(one) && **one != allowed);
    missing.chain(strange.map(|one| format!("{table} has {one:?}"))).collect()
}

/// Nobody but our roles has been given anything, and none of them may empty, refer to or trigger on a table.
async fn wrong_privileges(world: &World) -> Vec<String> {
    let grants = world
        .raw(
            "SELECT g.table_name, g.grantee, g.privilege_type FROM information_schema.role_table_grants g
             JOIN pg_class c ON c.relname = g.table_name AND c.relnamespace = 'public'::regnamespace
             WHERE g.table_schema = 'public' AND g.grantee <> pg_get_userbyid(c.relowner)
               AND (g.grantee NOT IN ('partywall_app', 'partywall_directory', 'partywall_keeper')
                 OR g.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
                 OR g.is_grantable = 'YES'
                 OR (g.grantee = 'partywall_keeper' AND g.privilege_type NOT IN ('SELECT', 'INSERT')))",
        )
        .await;
    grants.into_iter().map(|row| format!("{} has {} on {}", row[1], row[2], row[0])).collect()
}

async fn wrong_roles(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in ROLES {
        let plain = format!(
            "SELECT COUNT(*) FROM pg_roles WHERE rolname = '{role}' AND NOT rolsuper AND NOT rolbypassrls
             AND NOT rolcanlogin AND NOT rolcreaterole AND NOT rolcreatedb AND NOT rolreplication"
        );
        if world.number(&plain).await != 1 {
            wrong.push(format!("{role} may more than it should"));
        }
        let owns = format!("SELECT COUNT(*) FROM pg_class WHERE pg_get_userbyid(relowner) = '{role}'");
        let member = format!("SELECT COUNT(*) FROM pg_auth_members WHERE member = '{role}'::regrole");
        if world.number(&owns).await != 0 || world.number(&member).await != 0 {
            wrong.push(format!("{role} owns something or is a member of another role"));
        }
    }
    wrong
}

/// Ways around policies: views and functions that run as their owner, and indexes that row-level security
/// would keep from being used, because their operators are not leakproof.
async fn odd_things(world: &World) -> Vec<String> {
    let odd = world
        .raw(
            "SELECT 'view ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
             UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
             UNION ALL SELECT 'expression in index ' || i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
               WHERE c.relnamespace = 'public'::regnamespace AND i.indexprs IS NOT NULL
             UNION ALL SELECT 'type of ' || a.attname || ' in ' || c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND c.relname <> 'schema_version'
               AND NOT (a.atttypid = 'bigint'::regtype OR (a.atttypid = 'text'::regtype AND a.attcollation = '\"C\"'::regcollation))",
        )
        .await;
    odd.into_iter().map(|row| row[0].clone()).collect()
}

#[tokio::test]
async fn the_walls_have_no_hole() {
    for_postgres(async |world| assert_eq!(holes(world).await, Vec::<String>::new())).await;
}

#[tokio::test]
async fn a_hole_is_found() {
    for_postgres(async |world| {
        let breaches = [
            ("ALTER TABLE member NO FORCE ROW LEVEL SECURITY", "member has no forced"),
            ("ALTER TABLE session DISABLE ROW LEVEL SECURITY", "session has no forced"),
            ("CREATE TABLE bare (tenant_id text COLLATE \"C\" NOT NULL)", "bare has no forced"),
            ("DROP POLICY tenant ON connection", "connection lacks"),
            ("ALTER POLICY keeper ON member USING (true)", "member lacks"),
            ("CREATE POLICY more ON invitation TO partywall_app USING (true)", "invitation has"),
            ("ALTER POLICY tenant ON sign_in USING (tenant_id <> '')", "sign_in lacks"),
            ("GRANT SELECT ON member TO PUBLIC", "PUBLIC has SELECT on member"),
            ("GRANT SELECT ON platform_key TO partywall_app", "platform_key is the platform's"),
            ("GRANT TRUNCATE ON audit_line TO partywall_app", "partywall_app has TRUNCATE"),
            ("ALTER TABLE lane OWNER TO partywall_app", "partywall_app owns"),
            ("CREATE VIEW peek AS SELECT * FROM member", "view peek"),
            ("CREATE INDEX by_case ON member (tenant_id, lower(standing))", "expression in index by_case"),
            ("ALTER TABLE job ADD COLUMN note varchar(9) NOT NULL DEFAULT ''", "type of note in job"),
        ];
        for (breach, hole) in breaches {
            world.raw(breach).await;
            let found = holes(world).await;
            assert!(found.iter().any(|found| found.starts_with(hole)), "{breach}: {found:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_scope_nothing_is_there() {
    for_postgres(async |world| {
        testkit::Town::build(world).await;
        for scope in ["", "SET partywall.tenant = '';", "SET partywall.tenant = 'tnt_nobody';"] {
            let seen = world.raw(&format!("SET ROLE partywall_app; {scope} SELECT id FROM member")).await;
            assert_eq!(seen, Vec::<Vec<String>>::new(), "`{scope}`");
        }
        let owner = "SET ROLE pw_test_owner; SELECT id FROM member";
        assert_eq!(world.raw(owner).await, Vec::<Vec<String>>::new(), "not for the owner either");
    })
    .await;
}
