use super::*;
use crate::scene::Scene;
use testkit::for_each_engine;

fn scope(name: &str) -> Scope {
    Scope { name: name.parse().unwrap(), about: String::new() }
}

#[tokio::test]
async fn scopes_are_declared_whole_and_a_double_is_refused() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        assert_eq!(read(scene.store(), &scene.may().await).await.expect("read"), []);
        let both = vec![scope("surveys.write"), scope("surveys.read")];
        put(scene.store(), &scene.may().await, both).await.expect("sound");
        let double = put(scene.store(), &scene.may().await, vec![scope("a"), scope("a")]).await;
        assert!(matches!(double, Err(ScopeError::Twice(_))), "{double:?}");
        let known = load(scene.store(), &world.upkeep()).await.expect("read");
        assert_eq!(known.iter().map(AsRef::as_ref).collect::<Vec<_>>(), ["surveys.read", "surveys.write"]);
    })
    .await;
}
