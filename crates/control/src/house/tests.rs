use crate::{
    Terms,
    house::{FirstStart, bootstrap},
    invitation::{self, RenewError},
    scene::Scene,
};
use std::time::Duration;
use testkit::{World, for_each_engine};

async fn start(world: &World) -> FirstStart {
    bootstrap(&world.store, &world.upkeep(), &Terms::default()).await.expect("a start")
}

/// As `identity` will, when somebody comes by the link.
async fn use_up(world: &World) {
    world.raw("UPDATE invitation SET used_at = 1, used_by = 'somebody'").await;
}

#[tokio::test]
async fn the_first_start_makes_the_house_and_a_link_for_an_hour() {
    for_each_engine(async |world| {
        let FirstStart::LinkMade(link) = start(world).await else { panic!("no link") };
        assert_eq!(link.ends.since(world.clock.now()), Duration::from_secs(3_600));
        assert!(link.is_bootstrap);
        let stored = world.raw("SELECT digest, roles FROM invitation").await;
        assert_eq!(stored[0][1], r#"["partywall.admin","partywall.operator"]"#);
        assert_ne!(&stored[0][0], link.secret.reveal(), "only the hash is kept");
        assert_eq!(stored[0][0], invitation::digest(link.secret.reveal()).to_string());
        world.warden.fill().await.expect("the directory answers");
        let house = world.warden.house().expect("the house stands");
        assert_eq!(house.record.id, link.tenant);
        assert_eq!(world.number("SELECT COUNT(*) FROM platform_key").await, 6);
    })
    .await;
}

#[tokio::test]
async fn a_second_start_finds_everything_and_leaves_the_link_alone() {
    for_each_engine(async |world| {
        let FirstStart::LinkMade(link) = start(world).await else { panic!("no link") };
        let FirstStart::LinkIsOut { until } = start(world).await else { panic!("another link") };
        assert_eq!(until, link.ends);
        for table in ["plan", "deployment", "tenant", "invitation"] {
            assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn two_nodes_that_start_at_once_make_one_house_and_one_link() {
    for_each_engine(async |world| {
        let other = world.another_store().await;
        let (upkeep, terms) = (world.upkeep(), Terms::default());
        let (one, two) =
            tokio::join!(bootstrap(&world.store, &upkeep, &terms), bootstrap(&other, &upkeep, &terms));
        let both = [one.expect("a start"), two.expect("a start")];
        let links = both.iter().filter(|start| matches!(start, FirstStart::LinkMade(_))).count();
        assert_eq!(links, 1, "{both:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM tenant").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM platform_key").await, 6);
    })
    .await;
}

#[tokio::test]
async fn a_link_that_ran_out_is_followed_by_another_for_the_same_connection() {
    for_each_engine(async |world| {
        let FirstStart::LinkMade(first) = start(world).await else { panic!("no link") };
        world.pass(Duration::from_secs(3_601));
        let FirstStart::LinkMade(second) = start(world).await else { panic!("no second link") };
        assert_eq!(first.connection, second.connection, "what was registered at the provider stays right");
        assert!(first.secret != second.secret);
    })
    .await;
}

#[tokio::test]
async fn once_there_was_an_operator_there_is_never_another_link() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        use_up(world).await;
        assert!(matches!(start(world).await, FirstStart::Operated));
        let renewed = invitation::renew(scene.store(), &scene.may().await, scene.house, &scene.terms).await;
        assert!(matches!(renewed, Err(RenewError::HasAdmin)));
    })
    .await;
}

#[tokio::test]
async fn the_link_can_be_renewed_and_the_one_before_ends() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let permit = scene.may().await;
        let renewed = invitation::renew(scene.store(), &permit, scene.house, &scene.terms).await;
        let renewed = renewed.expect("nobody came yet");
        assert!(renewed.is_bootstrap);
        let now = world.clock.now().micros();
        let open = format!("SELECT COUNT(*) FROM invitation WHERE ends > {now}");
        assert_eq!(world.number(&open).await, 1);
    })
    .await;
}
