use super::*;
use crate::scene::Scene;
use testkit::for_each_engine;

fn limits(pairs: &[(&str, u64)], entitlements: &[&str]) -> Limits {
    Limits {
        limits: pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        entitlements: entitlements.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[tokio::test]
async fn a_limit_that_means_nothing_is_refused() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let cases = [
            (limits(&[("memebrs", 5)], &[]), "limits"),
            (limits(&[("members", u64::MAX)], &[]), "limits"),
            (limits(&[], &["Audit Export"]), "entitlements"),
        ];
        for (limits, field) in cases {
            let refused = create(scene.store(), &scene.may().await, "Silver".parse().unwrap(), limits).await;
            let refused = refused.expect_err(field);
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some(field)));
        }
        assert_eq!(list(scene.store(), &scene.may().await).await.expect("a list").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_is_put_anew_reaches_its_tenants() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        let plan = list(scene.store(), &scene.may().await).await.expect("a list").remove(0);
        let more = limits(&[("members", 7)], &["audit.export"]);
        put(scene.store(), &scene.may().await, plan.id, plan.name, more.clone()).await.expect("a plan");
        assert!(scene.events(scene.house).await.contains(&"plan.changed".to_owned()));
        world.warden.fill().await.expect("the directory answers");
        let known = world.warden.resolve_id(acme).expect("it is there");
        assert_eq!(*known.tenant().record.limits, more);
        let line = scene.trail(scene.house).await.pop().expect("a line");
        assert!(line.after.contains(r#""members":7"#) && !line.before.contains("members"));
    })
    .await;
}

#[tokio::test]
async fn two_plans_have_two_names() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let call = |name: &str| name.parse::<DisplayName>().unwrap();
        let silver = create(scene.store(), &scene.may().await, call("Silver"), Limits::default()).await;
        let silver = silver.expect("a plan");
        let taken =
            put(scene.store(), &scene.may().await, silver.id, call("Default"), silver.limits.clone()).await;
        assert_eq!(taken.expect_err("taken").code(), "name.taken");
        let nobodys = world.new_id();
        let nobody = put(scene.store(), &scene.may().await, nobodys, call("Gold"), silver.limits).await;
        assert_eq!(nobody.expect_err("no such plan").code(), "item.unknown");
    })
    .await;
}
