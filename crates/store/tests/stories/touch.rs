//! A node that does not hear the feed believes nothing that it remembers: it asks, or it refuses.

use access::{Bounds, ListMembers, Refusal, Upkeep};
use std::time::Duration;
use testkit::{Town, World, for_each_engine};

/// The bound passes and nothing was heard.
fn fall_silent(world: &World) {
    world.clock.advance(Bounds::default().silence + Duration::from_secs(1));
}

async fn suspend_unheard(world: &World, tenant: domain::TenantId) {
    world.raw(&format!("UPDATE tenant SET standing = 'suspended' WHERE id = '{tenant}'")).await;
}

#[tokio::test]
async fn while_the_feed_is_silent_one_tenants_answer_says_nothing_about_another() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let ask = async |village: &testkit::Village| {
            let at = world.warden.resolve_id(village.id).unwrap();
            world.warden.permit::<ListMembers>(&at, &village.admin.credential, world.origin()).await
        };
        for village in [&town.contoso, &town.fabrikam] {
            ask(village).await.unwrap();
        }
        suspend_unheard(world, town.fabrikam.id).await;
        ask(&town.fabrikam).await.expect("nobody has heard of it yet");
        fall_silent(world);
        assert!(world.warden.is_out_of_touch());
        ask(&town.contoso).await.expect("it was asked for");
        assert!(world.warden.is_out_of_touch(), "and the feed is as silent as before");
        assert!(matches!(ask(&town.fabrikam).await, Err(Refusal::Closed(_))));
        // What was asked for once is believed for as long as what was heard.
        suspend_unheard(world, town.contoso.id).await;
        ask(&town.contoso).await.expect("it was asked for just now");
        fall_silent(world);
        assert!(matches!(ask(&town.contoso).await, Err(Refusal::Closed(_))));
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_goes_by_another_name_is_not_answered_for_under_the_old_one() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (id, admin) = (town.contoso.id, &town.contoso.admin.credential);
        let by_name = world.warden.resolve_id(id).unwrap();
        world.raw(&format!("UPDATE tenant SET slug = 'elsewhere' WHERE id = '{id}'")).await;
        fall_silent(world);
        let refused = world.warden.permit::<ListMembers>(&by_name, admin, world.origin()).await;
        assert_eq!(refused.unwrap_err(), Refusal::OutOfTouch);
        let again = world.warden.resolve_id(id).unwrap();
        world.warden.permit::<ListMembers>(&again, admin, world.origin()).await.expect("now it is known");
    })
    .await;
}

#[tokio::test]
async fn a_node_that_hears_nothing_and_reaches_nobody_refuses() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let at = world.resolved(&town.contoso);
        let admin = &town.contoso.admin.credential;
        world.warden.permit::<ListMembers>(&at, admin, world.origin()).await.unwrap();
        world.store.engine().close().await;
        world.warden.permit::<ListMembers>(&at, admin, world.origin()).await.expect("memory is fresh");
        fall_silent(world);
        let refused = world.warden.permit::<ListMembers>(&at, admin, world.origin()).await;
        assert_eq!(refused.unwrap_err(), Refusal::OutOfTouch);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_missed_something_believes_nothing_until_all_is_loaded_anew() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let at = world.resolved(&town.contoso);
        let admin = &town.contoso.admin.credential;
        world.warden.permit::<ListMembers>(&at, admin, world.origin()).await.unwrap();
        for table in ["session", "person_session"] {
            world.raw(&format!("DELETE FROM {table}")).await;
        }
        suspend_unheard(world, town.fabrikam.id).await;
        world.raw(&format!("UPDATE tenant SET standing = 'erased' WHERE id = '{}'", town.canary.0.id)).await;
        world.warden.lose_touch();
        assert!(world.warden.is_out_of_touch());
        world.warden.refill().await.unwrap();
        assert!(world.warden.is_out_of_touch(), "the platform's settings may not be loaded yet");
        world.warden.heard();
        assert!(!world.warden.is_out_of_touch());
        let refused = world.warden.permit::<ListMembers>(&at, admin, world.origin()).await;
        assert_eq!(refused.unwrap_err(), Refusal::SignInNeeded, "the session is gone");
        assert!(!world.resolved(&town.fabrikam).tenant().record.standing.is_open());
        assert!(world.warden.resolve_id(town.canary.0.id).is_err(), "a tenant that is no more is forgotten");
        assert!(world.warden.platform::<Upkeep>(world.origin()).is_ok());
    })
    .await;
}
