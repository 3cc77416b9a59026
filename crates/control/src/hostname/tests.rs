use super::*;
use crate::{desk::hosts, scene::Scene};
use access::{Identifier, Source};
use domain::{Limits, TenantId};
use std::{collections::BTreeMap, time::Duration};
use testkit::{World, for_each_engine};

async fn give(scene: &Scene<'_>, tenant: TenantId, host: &str) -> Result<(), HostnameError> {
    let host = host.parse().expect("a hostname");
    add(scene.store(), &scene.may().await, tenant, &host, &Reserved::by(&hosts())).await
}

async fn take(scene: &Scene<'_>, tenant: TenantId, host: &str) -> Result<(), HostnameError> {
    let host = host.parse().expect("a hostname");
    remove(scene.store(), &scene.may().await, tenant, &host, &scene.terms).await
}

fn owner(world: &World, host: &str) -> Option<TenantId> {
    let named = Identifier { source: Source::Domain, value: host };
    world.warden.resolve(&[named], world.origin()).ok().map(|at| at.tenant().record.id)
}

#[tokio::test]
async fn a_hostname_belongs_to_one_tenant_at_most() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let (acme, beta) = (scene.tenant("acme").await, scene.tenant("beta").await);
        give(&scene, acme, "app.acme.test").await.expect("free");
        give(&scene, acme, "APP.acme.test.").await.expect("it has it already");
        let refused = give(&scene, beta, "app.acme.test").await.expect_err("taken");
        assert_eq!((refused.code(), refused.place()), ("hostname.taken", Some("host")));
        world.warden.fill().await.expect("the directory answers");
        assert_eq!(owner(world, "app.acme.test"), Some(acme));
        assert_eq!(take(&scene, beta, "app.acme.test").await.expect_err("not theirs").code(), "item.unknown");
        let kept = list(scene.store(), &scene.may().await, acme).await.expect("a list");
        assert_eq!(kept.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_hostname_that_was_given_back_rests_for_others() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let (acme, beta) = (scene.tenant("acme").await, scene.tenant("beta").await);
        give(&scene, acme, "app.acme.test").await.expect("free");
        take(&scene, acme, "app.acme.test").await.expect("its own");
        assert_eq!(
            give(&scene, beta, "app.acme.test").await.expect_err("it rests").code(),
            "hostname.resting"
        );
        give(&scene, acme, "app.acme.test").await.expect("taken back");
        take(&scene, acme, "app.acme.test").await.expect("its own");
        world.pass(Duration::from_secs(31 * 24 * 60 * 60));
        give(&scene, beta, "app.acme.test").await.expect("rested long enough");
    })
    .await;
}

#[tokio::test]
async fn the_platforms_own_names_and_slugs_in_disguise_are_nobodys() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        for host in ["saas.test", "id.saas.test", "console.saas.test", "beta.saas.test", "127.0.0.9"] {
            assert_eq!(give(&scene, acme, host).await.expect_err(host).code(), "hostname.reserved");
        }
        for host in ["notsaas.test", "127.0.0.8", "[::1]"] {
            give(&scene, acme, host).await.expect("nobody's yet");
        }
    })
    .await;
}

#[tokio::test]
async fn the_plan_says_how_many() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        let plan = crate::plan::list(scene.store(), &scene.may().await).await.expect("a list").remove(0);
        let limits = Limits { limits: BTreeMap::from([("hostnames".into(), 1)]), ..Default::default() };
        let put = crate::plan::put(scene.store(), &scene.may().await, plan.name, None, limits).await;
        put.expect("a plan");
        give(&scene, acme, "one.acme.test").await.expect("one is allowed");
        let refused = give(&scene, acme, "two.acme.test").await.expect_err("two are not");
        assert_eq!(refused.code(), "plan.limit");
    })
    .await;
}
