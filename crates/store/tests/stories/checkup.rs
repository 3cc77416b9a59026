//! What the doctor asks of a database.

use access::RunJob;
use domain::{Event, event::names};
use std::time::Duration;
use store::StoreError;
use testkit::{Town, for_each_engine, for_postgres};
use tokio::sync::oneshot;

#[tokio::test]
async fn a_database_as_migrate_left_it_has_no_hole() {
    for_each_engine(async |world| {
        Town::build(world).await;
        assert_eq!(world.store.engine().holes().await.unwrap(), Vec::<String>::new());
        let clock = world.store.engine().clock().await.unwrap();
        assert_eq!(clock.is_some(), world.is_postgres(), "a file has no clock of its own");
    })
    .await;
}

#[tokio::test]
async fn a_hole_in_the_walls_is_named() {
    for_postgres(async |world| {
        let breaches = [
            ("ALTER TABLE member NO FORCE ROW LEVEL SECURITY", "the table member has no forced"),
            ("DROP POLICY tenant ON connection", "the table connection has no policy"),
            (
                "GRANT SELECT ON platform_key TO partywall_app",
                "the table platform_key is granted to partywall_app",
            ),
            ("GRANT SELECT ON session TO PUBLIC", "the table session is granted to PUBLIC"),
            ("ALTER TABLE lane OWNER TO partywall_app", "the role partywall_app owns a table"),
        ];
        for (breach, hole) in breaches {
            world.raw(breach).await;
            let found = world.store.engine().holes().await.unwrap();
            assert!(found.iter().any(|found| found.starts_with(hole)), "{breach}: {found:?}");
        }
        let as_superuser = store::Engine::open(&world.superuser).await.unwrap();
        let found = as_superuser.holes().await.unwrap();
        assert!(found.iter().any(|found| found.contains("is a superuser")), "{found:?}");
        as_superuser.close().await;
    })
    .await;
}

#[tokio::test]
async fn active_connections_are_listed_with_their_issuers() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let all = world.store.active_connections(&world.upkeep(), 100).await.unwrap();
        let contoso = all.iter().find(|one| one.id == town.contoso.connection).expect("contoso's");
        assert_eq!((contoso.tenant, contoso.issuer.as_str()), (town.contoso.id, "https://idp.contoso.test"));
        world.raw("UPDATE connection SET standing = 'off' WHERE issuer = 'https://idp.contoso.test'").await;
        let left = world.store.active_connections(&world.upkeep(), 100).await.unwrap();
        assert!(left.len() < all.len() && left.iter().all(|one| one.id != town.contoso.connection));
        assert_eq!(world.store.active_connections(&world.upkeep(), 1).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_feed_that_is_held_back_is_noticed() {
    for_postgres(async |world| {
        let town = Town::build(world).await;
        let other = world.another_store().await;
        let ((began, has_begun), (go_on, may_go_on)) = (oneshot::channel(), oneshot::channel());
        let early = async {
            let permit = world.background::<RunJob>(&town.contoso);
            let early = other.write(&permit, async |tx| {
                tx.emit(Event::new(names::MEMBER_CHANGED, "early")).await?;
                began.send(()).unwrap();
                may_go_on.await.unwrap();
                Ok::<_, StoreError>(())
            });
            early.await.unwrap();
        };
        let story = async {
            has_begun.await.unwrap();
            let permit = world.background::<RunJob>(&town.fabrikam);
            let late = world
                .store
                .write(&permit, async |tx| tx.emit(Event::new(names::MEMBER_CHANGED, "late")).await);
            late.await.unwrap();
            world.pass(Duration::from_secs(40));
            let held = world.store.feed_is_held_back(&world.upkeep()).await.unwrap();
            assert_eq!(held, Duration::from_secs(40));
            go_on.send(()).unwrap();
        };
        tokio::join!(early, story);
        other.engine().close().await;
    })
    .await;
}
