use super::*;
use crate::scene::Scene;
use serde_json::json;
use testkit::for_each_engine;

fn check() -> RouteCheck {
    Arc::new(|document| match document.get("routes") {
        Some(_) => Ok(()),
        None => Err(vec!["there are no routes".into(), "and no defaults".into()]),
    })
}

#[tokio::test]
async fn a_document_that_is_refused_leaves_the_one_before_alone() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        assert_eq!(read(scene.store(), &scene.may().await).await.expect("read"), None);
        let good = json!({ "routes": [{ "path": "/" }] });
        put(scene.store(), &scene.may().await, good.clone(), &check()).await.expect("sound");
        let bad = put(scene.store(), &scene.may().await, json!({ "rutes": [] }), &check()).await;
        let Err(RouteError::Refused(whys)) = bad else { panic!("{bad:?}") };
        assert_eq!(whys.len(), 2);
        let live = load(scene.store(), &world.upkeep()).await.expect("read").expect("put before");
        assert_eq!(live.document, good);
        let line = scene.trail(scene.house).await.pop().expect("a line");
        assert_eq!((line.action.as_str(), line.outcome.as_str()), ("platform.change", "input.invalid"));
    })
    .await;
}
