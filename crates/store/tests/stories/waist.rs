//! What the waist promises, on both engines.

use access::{ChangeSettings, ListMembers, ReadSettings, Refusal, RunJob};
use domain::{Change, Event, event::names};
use serde_json::json;
use store::{FromRow, Row, StoreError, sql, values};
use testkit::{Town, World, for_each_engine, for_postgres};

struct Id(String);
impl FromRow for Id {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.text("id").map(Id)
    }
}

async fn lines(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM audit_line").await
}

#[tokio::test]
async fn a_tenant_reads_its_own_members_and_nobody_elses() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ListMembers>(&town.contoso, &town.contoso.admin).await;
        let members: Vec<Id> = world
            .store
            .read(&permit, async |tx| {
                tx.rows(sql!("SELECT id FROM member WHERE tenant_id = $1 ORDER BY id"), &[]).await
            })
            .await
            .unwrap();
        let mut expected =
            [&town.contoso.admin, &town.contoso.reader, &town.dana_at_contoso].map(|p| p.member.to_string());
        expected.sort();
        assert_eq!(members.into_iter().map(|id| id.0).collect::<Vec<_>>(), expected);
    })
    .await;
}

#[tokio::test]
async fn a_write_lands_with_its_line_its_event_and_its_count() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
        world
            .store
            .write(&permit, async |tx| {
                tx.run(sql!("UPDATE tenant_setting SET published = $2 WHERE tenant_id = $1"), values![false]).await?;
                tx.changed(Change::new(tx.tenant(), json!({ "published": true }), json!({ "published": false })));
                tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
                tx.count("fact-1", "settings", 1).await?;
                tx.count("fact-1", "settings", 1).await?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let contoso = town.contoso.id;
        let line = world.raw("SELECT tenant_id, actor, action, target, outcome, before_values, after_values FROM audit_line").await;
        let (who, what) = (town.contoso.admin.user.to_string(), contoso.to_string());
        let expected: [&str; 7] =
            [&what, &who, "setting.change", &what, "done", r#"{"published":true}"#, r#"{"published":false}"#];
        assert_eq!(line, [expected]);
        assert_eq!(world.raw("SELECT name, tenant_id FROM outbox").await, [["tenant.changed", &what]]);
        assert_eq!(world.raw("SELECT meter, amount FROM usage_fact").await, [["settings", "1"]], "one fact, counted once");
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant_setting WHERE published = 0").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_but_a_line_that_says_so() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
        let failed = world
            .store
            .write(&permit, async |tx| {
                tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await?;
                tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
                let twice = sql!("INSERT INTO tenant_setting (tenant_id, published, session_idle, session_life, changed_at)
                                  VALUES ($1, 0, 0, 0, 0)");
                tx.run(twice, &[]).await
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Conflict(_))), "{failed:?}");
        assert_eq!(world.raw("SELECT action, outcome FROM audit_line").await, [["setting.change", "store.conflict"]]);
        assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 0);
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant_setting WHERE published = 0").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_platforms_own_work_leaves_no_line_unless_it_says_what_changed() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        assert_eq!(lines(world).await, 0);
        let permit = world.background::<RunJob>(&town.contoso);
        world.store.write(&permit, async |_| Ok::<_, StoreError>(())).await.unwrap();
        assert_eq!(lines(world).await, 0);
        let job = async |tx: &mut store::TenantWrite| {
            tx.changed(Change::new("job", json!(null), json!("done")));
            Ok::<_, StoreError>(())
        };
        world.store.write(&permit, job).await.unwrap();
        assert_eq!(lines(world).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_statement_with_too_few_or_too_many_values_is_refused() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ReadSettings>(&town.contoso, &town.contoso.admin).await;
        for values in [values![].to_vec(), values!["a", "b"].to_vec()] {
            let read = world.store.read(&permit, async |tx| {
                tx.rows::<Id>(sql!("SELECT id FROM member WHERE tenant_id = $1 AND id = $2"), &values).await
            });
            assert!(matches!(read.await, Err(StoreError::Arity { wanted: 2, .. })));
        }
    })
    .await;
}

#[tokio::test]
async fn a_reading_transaction_cannot_write() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ReadSettings>(&town.contoso, &town.contoso.admin).await;
        let read = world.store.read(&permit, async |tx| {
            tx.rows::<Id>(
                sql!(
                    "UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1 RETURNING tenant_id AS id"
                ),
                &[],
            )
            .await
        });
        let refused = read.await.map(drop);
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant_setting WHERE published = 0").await, 0);
    })
    .await;
}

#[tokio::test]
async fn on_postgresql_a_defeated_statement_still_finds_nothing_foreign() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ListMembers>(&town.contoso, &town.contoso.admin).await;
        let ids: Vec<Id> = world
            .store
            .read(&permit, async |tx| {
                tx.rows(
                    sql!("SELECT DISTINCT tenant_id AS id FROM member WHERE tenant_id = $1 OR 1 = 1"),
                    &[],
                )
                .await
            })
            .await
            .unwrap();
        assert_eq!(ids.into_iter().map(|id| id.0).collect::<Vec<_>>(), [town.contoso.id.to_string()]);

        let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
        let foreign = world.store.write(&permit, async |tx| {
            let insert =
                sql!("INSERT INTO used_state (tenant_id, digest, ends) SELECT $2, $3, 1 WHERE $1 <> ''");
            tx.run(insert, values![town.fabrikam.id, "x"]).await
        });
        assert!(matches!(foreign.await, Err(StoreError::Refused(_))), "a row for a neighbour is refused");
        let everybody = world.store.write(&permit, async |tx| {
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1 OR 1 = 1"), &[]).await
        });
        assert_eq!(everybody.await.unwrap(), 1, "only one's own row is there to be changed");
    })
    .await;
}

#[tokio::test]
async fn a_session_of_the_directory_opens_its_own_tenant() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.permit::<ListMembers>(&town.fabrikam, &town.fabrikam.admin).await;
        assert_eq!(permit.caller().person().unwrap().email.as_deref(), Some("admin.fabrikam@people.test"));
        let fabrikam = world.resolved(&town.fabrikam);
        let stranger =
            world.warden.permit::<ListMembers>(&fabrikam, &town.contoso.admin, world.origin()).await;
        assert_eq!(stranger.unwrap_err(), Refusal::ForeignCredential);
        assert_eq!(world.witness.refused().len(), 1);
        let reader =
            world.warden.permit::<ListMembers>(&fabrikam, &town.dana_at_fabrikam, world.origin()).await;
        assert_eq!(reader.unwrap_err(), Refusal::NotAllowed);
    })
    .await;
}
