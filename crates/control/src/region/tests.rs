use super::*;
use crate::{
    deployment::{self, NewDeployment},
    scene::Scene,
    tenant::{self, Changes},
};
use domain::DeploymentId;
use std::time::Duration;
use testkit::for_each_engine;

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

async fn known(scene: &Scene<'_>, name: &str) {
    let gateways = vec![format!("http://{name}.test:8080").parse().unwrap()];
    put(scene.store(), &scene.may().await, region(name), gateways).await.expect("a region");
}

async fn deployed_in(scene: &Scene<'_>, name: &str) -> DeploymentId {
    let new = NewDeployment {
        name: name.parse().unwrap(),
        upstreams: vec![],
        balancing: Default::default(),
        region: Some(region(name)),
    };
    deployment::create(scene.store(), &scene.may().await, new).await.expect("a deployment").deployment.id
}

#[tokio::test]
async fn a_region_that_a_tenant_left_stays_until_nobody_remembers_it_there() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        known(&scene, "eu").await;
        known(&scene, "us").await;
        let (eu, us) = (deployed_in(&scene, "eu").await, deployed_in(&scene, "us").await);
        let acme = scene.tenant("acme").await;
        let moves = async |to| {
            let changes =
                Changes { deployment: Some(to), lifetime: Duration::from_secs(300), ..Changes::default() };
            tenant::change(scene.store(), &scene.may().await, acme, &changes, &scene.terms)
                .await
                .expect("moved");
        };
        moves(eu).await;
        moves(us).await;
        let early = remove(scene.store(), &scene.may().await, &region("eu")).await.expect_err("too early");
        assert_eq!(early.code(), "region.needed");
        let all = list(scene.store(), &scene.may().await).await.expect("a list");
        assert!(all[0].needed_until.is_some() && all[1].needed_until.is_none(), "{all:?}");
        // Back again it is needed for another reason; the other one is then the old place.
        moves(eu).await;
        assert!(remove(scene.store(), &scene.may().await, &region("us")).await.is_err());
        moves(us).await;
        world.pass(Duration::from_secs(301));
        remove(scene.store(), &scene.may().await, &region("eu")).await.expect("nobody comes there any more");
        let again = remove(scene.store(), &scene.may().await, &region("eu")).await.expect_err("it is gone");
        assert_eq!(again.code(), "item.unknown");
    })
    .await;
}

#[tokio::test]
async fn a_region_without_an_address_or_with_one_twice_is_refused() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        for gateways in [vec![], vec!["http://a.test", "http://a.test:80"]] {
            let gateways = gateways.into_iter().map(|text| text.parse().unwrap()).collect();
            let refused = put(scene.store(), &scene.may().await, region("eu"), gateways).await;
            assert_eq!(refused.expect_err("refused").place(), Some("gateways"));
        }
    })
    .await;
}
