//! Every statement is prepared on both engines under the role that will run it, and SQLite's plan must
//! search each table by its scope. A scan means that a condition is missing or defeated.

use crate::sources::{Scope, Statement, statements};
use testkit::{World, for_postgres, for_sqlite};

/// What is wrong with a statement's plan on SQLite.
async fn wrong_plan(world: &World, statement: &Statement) -> Vec<String> {
    let scope = match statement.scope {
        Scope::Tenant => "tenant_id=?",
        Scope::Person => "user_id=?",
        Scope::Platform => "",
    };
    let plan = world.raw(&format!("EXPLAIN QUERY PLAN {}", statement.text)).await;
    let steps: Vec<String> = plan.into_iter().map(|row| row[3].clone()).collect();
    let reaches_too_far = |step: &&String| {
        let scans = step.strip_prefix("SCAN ").is_some_and(|what| !is_made_here(what, &steps));
        let searches_elsewhere = step.starts_with("SEARCH ") && !step.contains(scope);
        scans || searches_elsewhere
    };
    if scope.is_empty() { vec![] } else { steps.iter().filter(reaches_too_far).cloned().collect() }
}

/// Whether a scan goes over rows that the statement itself says, or over a part of it whose own steps stand
/// in the plan and are looked at too.
fn is_made_here(what: &str, steps: &[String]) -> bool {
    let constant = what.trim_start_matches(|digit: char| digit.is_ascii_digit()).trim_start();
    let is_its_part = |step: &String| {
        step.strip_prefix("CO-ROUTINE ")
            .or(step.strip_prefix("MATERIALIZE "))
            .is_some_and(|part| part == what)
    };
    constant.starts_with("CONSTANT ROW") || what.contains("(subquery") || steps.iter().any(is_its_part)
}

/// What PostgreSQL says of a statement when its role prepares and plans it, with the types it expects.
async fn prepared(world: &World, statement: &Statement) -> Result<Vec<String>, String> {
    let role = match statement.scope {
        Scope::Platform => "partywall_directory",
        Scope::Tenant | Scope::Person => "partywall_app",
    };
    let text = &statement.text;
    let count = (1..).take_while(|at| text.contains(&format!("${at}"))).count();
    let arguments = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
    let batch = format!(
        "SET ROLE {role}; SET partywall.tenant = 'tnt_x'; PREPARE one AS {text}; EXPLAIN EXECUTE one{arguments}; \
         SELECT 'types', unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = 'one'"
    );
    let rows = store::testing::raw(&world.superuser, &batch).await.map_err(|error| error.to_string())?;
    Ok(rows.into_iter().filter(|row| row[0] == "types").map(|row| row[1].clone()).collect())
}

fn tenants(text: &str) -> Statement {
    Statement { scope: Scope::Tenant, text: text.into(), file: String::new() }
}

#[tokio::test]
async fn on_sqlite_every_statement_searches_by_its_scope() {
    for_sqlite(async |world| {
        let mut wrong = Vec::new();
        for one in statements() {
            for step in wrong_plan(world, &one).await {
                wrong.push(format!("{}: `{step}` in {}", one.file, one.text));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn on_postgresql_every_statement_is_its_roles_to_run() {
    for_postgres(async |world| {
        let mut wrong = Vec::new();
        for one in statements() {
            match prepared(world, &one).await {
                Err(why) => wrong.push(format!("{}: {why}: {}", one.file, one.text)),
                // The waist binds these two types and no other.
                Ok(types) if types.iter().any(|name| name != "text" && name != "bigint") => {
                    wrong.push(format!("{}: wants {types:?}: {}", one.file, one.text));
                }
                Ok(_) => {}
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_scans_is_found() {
    for_sqlite(async |world| {
        let bad = [
            "SELECT id FROM member WHERE tenant_id = $1 OR 1 = 1",
            "SELECT id FROM member WHERE tenant_id || '' = $1",
            "SELECT id FROM member WHERE id = $2 AND COALESCE(tenant_id, '') = $1",
            "SELECT p.id FROM provider p WHERE p.id = $2 AND (p.tenant_id = $1 OR p.kind = 'oidc')",
            "SELECT m.id FROM member m, session s WHERE m.tenant_id = $1 AND s.member_id = m.id",
            "UPDATE member SET standing = 'x' WHERE tenant_id = $1 OR standing = 'y'",
            "DELETE FROM session WHERE ends < $2 AND tenant_id >= $1",
            "SELECT slug FROM tenant WHERE id = $1",
            "INSERT INTO usage_fact (tenant_id, id) SELECT $1, all_of_it.id FROM (SELECT id FROM member LIMIT 9) AS all_of_it",
        ];
        for text in bad {
            assert!(!wrong_plan(world, &tenants(text)).await.is_empty(), "{text}");
        }
        let good =
            "SELECT m.id FROM member m JOIN session s ON s.tenant_id = m.tenant_id AND s.member_id = m.id
                    WHERE m.tenant_id = $1";
        assert_eq!(wrong_plan(world, &tenants(good)).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_its_role_may_not_run_is_found() {
    for_postgres(async |world| {
        let bad = [
            "SELECT slug FROM tenant WHERE id = $1",
            "SELECT sealed FROM platform_key WHERE id = $1",
            "DELETE FROM audit_line WHERE tenant_id = $1",
            "UPDATE audit_line SET actor = 'x' WHERE tenant_id = $1",
            "SELECT nothing FROM member WHERE tenant_id = $1",
        ];
        for text in bad {
            assert!(prepared(world, &tenants(text)).await.is_err(), "{text}");
        }
        let odd =
            prepared(world, &tenants("SELECT id FROM member WHERE tenant_id = $1 AND ($2 IS TRUE)")).await;
        assert_eq!(odd.unwrap(), ["text", "boolean"]);
    })
    .await;
}
