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
            let refused =
                put(scene.store(), &scene.may().await, "Silver".parse().unwrap(), None, limits).await;
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
        put(scene.store(), &scene.may().await, plan.name, None, more.clone()).await.expect("a plan");
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
        let write = async |name: &str, rename: Option<&str>| {
            put(scene.store(), &scene.may().await, call(name), rename.map(call), Limits::default()).await
        };
        let silver = write("Silver", None).await.expect("a plan");
        let taken = write("Silver", Some("Default")).await.expect_err("taken");
        assert_eq!((taken.code(), taken.place()), ("name.taken", Some("name")));
        let gold = write("Silver", Some("Gold")).await.expect("another name");
        assert_eq!(gold.id, silver.id);
        assert_eq!(list(scene.store(), &scene.may().await).await.expect("a list").len(), 2);
    })
    .await;
}
