use super::*;
use crate::scene::Scene;
use testkit::for_each_engine;

#[tokio::test]
async fn the_applications_roles_come_and_go_and_ours_are_not_among_them() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let write = async |name: &str, title: &str| {
            let (name, title) = (name.parse().unwrap(), title.parse().unwrap());
            put(scene.store(), &scene.may().await, name, title, " Reads. ").await
        };
        write("reader", "Reader").await.expect("a role");
        write("reader", "Reads surveys").await.expect("the same, described anew");
        let ours = write("partywall.admin", "Admin").await.expect_err("ours");
        assert_eq!((ours.code(), ours.place()), ("input.invalid", Some("name")));
        let all = list(scene.store(), &scene.may().await).await.expect("a list");
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].title.as_str(), all[0].about.as_str()), ("Reads surveys", "Reads."));

        let reader = "reader".parse().unwrap();
        remove(scene.store(), &scene.may().await, &reader).await.expect("it is there");
        assert!(list(scene.store(), &scene.may().await).await.expect("a list").is_empty());
        let gone = remove(scene.store(), &scene.may().await, &reader).await.expect_err("gone");
        assert_eq!(gone.code(), "item.unknown");
        let told = scene.events(scene.house).await;
        assert_eq!(told.iter().filter(|name| *name == "roles.changed").count(), 3);
    })
    .await;
}
