use super::*;
use crate::scene::Scene;
use testkit::for_each_engine;

fn new(name: &str, upstreams: &[&str]) -> NewDeployment {
    NewDeployment {
        name: name.parse().unwrap(),
        upstreams: upstreams.iter().map(|text| text.parse().unwrap()).collect(),
        balancing: Default::default(),
        region: None,
    }
}

async fn loaded(scene: &Scene<'_>, id: DeploymentId) -> Loaded {
    let all = load_all(scene.store(), &scene.world.upkeep()).await.expect("all open");
    all.into_iter().find(|loaded| loaded.deployment.id == id).expect("it is there")
}

#[tokio::test]
async fn the_gateway_gets_what_the_operator_put_and_the_secret_is_sealed_at_rest() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = create(scene.store(), &scene.may().await, new("EU", &["http://10.0.0.1:3000"])).await;
        let made = made.expect("a deployment");
        let got = loaded(&scene, made.deployment.id).await;
        assert_eq!(got.deployment.upstreams[0].to_string(), "http://10.0.0.1:3000");
        assert!(got.proof_secret == made.secret);
        let rows = world.raw("SELECT proof_secret FROM deployment").await;
        assert!(!format!("{rows:?}").contains(made.secret.reveal().as_str()));
        let lines = format!("{:?}", scene.trail(scene.house).await);
        assert!(!lines.contains(made.secret.reveal().as_str()), "no secret in the trail");
        assert!(scene.events(scene.house).await.contains(&"deployment.changed".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_rolled_in_two_steps() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = create(scene.store(), &scene.may().await, new("EU", &[])).await.expect("a deployment");
        let id = made.deployment.id;
        let early = take_over(scene.store(), &scene.may().await, id).await.expect_err("nothing to take over");
        assert_eq!(early.code(), "deployment.nothing-prepared");
        let next = prepare(scene.store(), &scene.may().await, id).await.expect("a next one");
        assert!(loaded(&scene, id).await.proof_secret == made.secret, "the gateway keeps the old one");
        take_over(scene.store(), &scene.may().await, id).await.expect("it was prepared");
        assert!(loaded(&scene, id).await.proof_secret == next.secret);
    })
    .await;
}

#[tokio::test]
async fn a_change_says_what_was_and_what_is() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = create(scene.store(), &scene.may().await, new("EU", &["http://a.test:1"])).await;
        let id = made.expect("a deployment").deployment.id;
        let changes =
            Changes { upstreams: Some(vec!["https://b.test".parse().unwrap()]), ..Default::default() };
        change(scene.store(), &scene.may().await, id, changes).await.expect("changed");
        let line = scene.trail(scene.house).await.pop().expect("a line");
        assert!(line.before.contains("http://a.test:1") && line.after.contains("https://b.test:443"));
        let got = read(scene.store(), &scene.may().await, id).await.expect("it is there");
        assert_eq!(got.name.as_str(), "EU");
    })
    .await;
}

#[tokio::test]
async fn two_deployments_of_one_name_and_a_backend_twice_are_refused() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        create(scene.store(), &scene.may().await, new("EU", &[])).await.expect("a deployment");
        let twin = create(scene.store(), &scene.may().await, new("EU", &[])).await.expect_err("a twin");
        assert_eq!((twin.code(), twin.place()), ("name.taken", Some("name")));
        let double = new("US", &["http://a.test:1", "http://a.test:1"]);
        let double = create(scene.store(), &scene.may().await, double).await.expect_err("one twice");
        assert_eq!(double.place(), Some("upstreams"));
        let many: Vec<String> = (1..=65).map(|port| format!("http://a.test:{port}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(create(scene.store(), &scene.may().await, new("AP", &many)).await.is_err());
        let all = list(scene.store(), &scene.may().await).await.expect("a list");
        assert_eq!(all.len(), 2, "the default one and EU");
    })
    .await;
}

#[tokio::test]
async fn how_requests_are_shared_is_taken_whole_or_not_at_all() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made =
            create(scene.store(), &scene.may().await, new("EU", &["http://a.test", "http://b.test"])).await;
        let id = made.expect("a deployment").deployment.id;
        let rules = |json: &str| Changes {
            balancing: Some(serde_json::from_str(json).expect("rules")),
            ..Default::default()
        };
        let sound = rules(
            r#"{"affinity": "cookie", "weights": {"http://b.test": 3, "http://a.test": 1}, "check": {}}"#,
        );
        change(scene.store(), &scene.may().await, id, sound).await.expect("sound");
        let kept = loaded(&scene, id).await.deployment.balancing;
        assert_eq!(kept.weight_of("http://b.test:80"), 3, "by the address as it is kept");
        assert_eq!(kept.weights.len(), 1, "what says nothing is not kept");
        let wrong = rules(r#"{"weights": {"http://c.test": 2}, "retry": {"tries": 99}}"#);
        let refused = change(scene.store(), &scene.may().await, id, wrong).await.expect_err("two mistakes");
        assert_eq!((refused.code(), refused.place()), ("input.invalid", Some("balancing")));
        let words = refused.detail().expect("words");
        assert!(words.contains("`http://c.test:80` is none") && words.contains("retry.tries"), "{words}");
        assert_eq!(loaded(&scene, id).await.deployment.balancing, kept);
        // A backend that goes takes its weight along only if somebody says so.
        let fewer = Changes { upstreams: Some(vec!["http://a.test".parse().unwrap()]), ..Default::default() };
        assert!(change(scene.store(), &scene.may().await, id, fewer).await.is_err());
    })
    .await;
}
