//! In a tenant's table every key, index and foreign key begins with the tenant, in a person's with the
//! person; so no row can point across, and no key can say that another's value exists.

use testkit::{World, for_each_engine, for_sqlite};

/// Indexes that begin with something else, and why that harms nobody.
const EXEMPT: [(&str, &str); 15] = [
    ("provider_by_id", "a shared provider is found by its id, which nobody chooses"),
    ("provider_due", "metadata to fetch is found over all tenants, under the directory's role"),
    (
        "connection_by_id",
        "addresses at providers hold a connection's id, which nobody chooses, and no tenant",
    ),
    ("provider_share_with", "a tenant finds what others share with it, under the directory's role"),
    ("lane_in_turn", "claims look over all tenants, under the directory's role"),
    ("outbox_in_order", "the relay reads in the order of transactions, under the directory's role"),
    ("outbox_by_age", "old events are removed over all tenants"),
    ("primary key of outbox", "the relay's order; a tenant writes only its own"),
    ("identity_link (provider, subject)", "an external identity belongs to one person in the world"),
    ("api_key_by_digest", "a key belongs to one tenant in the world, and nobody chooses what it is"),
    ("api_key_to_warn", "keys to warn of are found over all tenants, under the directory's role"),
    ("api_key_unused", "keys that nobody uses are found over all tenants, under the directory's role"),
    (
        "trust_anchor_due",
        "lists of authorities that are due are found over all tenants, under the directory's role",
    ),
    ("domain_claim_due", "claims to look at are found over all tenants, under the directory's role"),
    ("person_session_ending", "sessions that ended are removed over all persons"),
];

struct Table {
    name: String,
    /// The column that all keys must begin with; none for the platform's tables.
    scope: Option<&'static str>,
}

async fn tables(world: &World) -> Vec<Table> {
    let names =
        world.raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").await;
    let mut tables = Vec::new();
    for [name] in names.into_iter().map(|row| <[String; 1]>::try_from(row).unwrap()) {
        let columns =
            world.raw(&format!("SELECT name, pk FROM pragma_table_info('{name}') ORDER BY cid")).await;
        let has = |column: &str| columns.iter().any(|row| row[0] == column);
        let first_of_key = columns.iter().find(|row| row[1] == "1").map(|row| row[0].as_str());
        let scope = match first_of_key {
            _ if has("tenant_id") => Some("tenant_id"),
            Some("user_id") => Some("user_id"),
            _ => None,
        };
        tables.push(Table { name, scope });
    }
    tables
}

/// Whatever does not begin with its scope, by name.
async fn strays(world: &World) -> Vec<String> {
    let mut strays = Vec::new();
    for Table { name, scope } in tables(world).await {
        let Some(scope) = scope else { continue };
        let key = world.raw(&format!("SELECT name FROM pragma_table_info('{name}') WHERE pk = 1")).await;
        if key.first().map(|row| row[0].as_str()) != Some(scope) {
            strays.push(format!("primary key of {name}"));
        }
        let indexes = world.raw(&format!("SELECT name, origin FROM pragma_index_list('{name}')")).await;
        for index in indexes.iter().filter(|row| row[1] != "pk") {
            let columns = world
                .raw(&format!(
                    "SELECT COALESCE(name, 'expression') FROM pragma_index_info('{}') ORDER BY seqno",
                    index[0]
                ))
                .await;
            let columns: Vec<_> = columns.into_iter().map(|row| row[0].clone()).collect();
            if columns.first().map(String::as_str) != Some(scope) {
                let made_by_name = index[1] == "c";
                strays.push(if made_by_name {
                    index[0].clone()
                } else {
                    format!("{name} ({})", columns.join(", "))
                });
            }
        }
        let references = format!(
            "SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('{name}') WHERE seq = 0"
        );
        for reference in world.raw(&references).await {
            if reference[1] != scope || reference[2] != scope {
                strays.push(format!("{name} refers to {}", reference[0]));
            }
        }
    }
    strays
}

#[tokio::test]
async fn every_key_begins_with_its_scope() {
    for_sqlite(async |world| {
        let mut exempt: Vec<_> = EXEMPT.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut found = strays(world).await;
        exempt.sort();
        found.sort();
        assert_eq!(found, exempt, "the list of exemptions holds what there is, and nothing that is gone");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_strays_is_found() {
    for_sqlite(async |world| {
        let before = strays(world).await.len();
        world
            .raw(
                "CREATE TABLE a (tenant_id TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY);
                 CREATE TABLE b (tenant_id TEXT NOT NULL, id TEXT NOT NULL, a TEXT NOT NULL REFERENCES a (id),
                     PRIMARY KEY (tenant_id, id), UNIQUE (a));
                 CREATE INDEX b_by_id ON b (id, tenant_id);
                 CREATE INDEX b_by_case ON b (lower(tenant_id));",
            )
            .await;
        let found = strays(world).await.split_off(before).join("; ");
        for stray in ["primary key of a", "b (a)", "b refers to a", "b_by_id", "b_by_case"] {
            assert!(strays(world).await.iter().any(|found| found == stray), "{stray} in {found}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_column_is_strictly_typed_and_never_null() {
    for_sqlite(async |world| {
        for Table { name, .. } in tables(world).await {
            let loose =
                format!("SELECT name FROM pragma_table_info('{name}') WHERE \"notnull\" = 0 AND NOT (pk = 1 AND type = 'INTEGER')");
            assert_eq!(world.raw(&loose).await, Vec::<Vec<String>>::new(), "{name}");
            let strict = format!("SELECT strict FROM pragma_table_list WHERE name = '{name}'");
            // The table of versions is made before there are tokens to render.
            assert!(name == "schema_version" || world.number(&strict).await == 1, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let both = std::cell::RefCell::new(Vec::new());
    for_each_engine(async |world| {
        let columns = if world.is_postgres() {
            "SELECT table_name, column_name, CASE data_type WHEN 'bigint' THEN 'INTEGER' ELSE upper(data_type) END
             FROM information_schema.columns WHERE table_schema = 'public'"
        } else {
            "SELECT m.name, c.name, CASE c.type WHEN 'BIGINT' THEN 'INTEGER' ELSE c.type END
             FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        };
        let mut columns = world.raw(columns).await;
        columns.sort();
        both.borrow_mut().push(columns);
    })
    .await;
    let both = both.into_inner();
    assert!(both.windows(2).all(|pair| pair[0] == pair[1]), "{both:?}");
}
