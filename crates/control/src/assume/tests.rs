use super::*;
use crate::scene::Scene;
use access::{Credential, ReadSettings, Refusal};
use domain::Cursor;
use testkit::for_each_engine;

#[tokio::test]
async fn both_sides_can_read_that_an_operator_went_in_and_why() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let acme = scene.tenant("acme").await;
        world.warden.fill().await.expect("the directory answers");
        let enter = async |reason: &str| {
            let (warden, origin) = (&world.warden, world.origin());
            warden.assume::<ReadSettings>(&Credential::Socket, acme, reason, origin).await.map(drop)
        };
        world.pass(std::time::Duration::from_millis(1));
        assert_eq!(enter("ticket 4711: their last admin left").await, Ok(()));
        assert_eq!(enter("because").await, Err(Refusal::ReasonNeeded));

        let line = scene.trail(acme).await.pop().expect("a line");
        assert_eq!(line.action, "tenant.assume");
        assert!(line.after.contains("4711"));
        let all = list(scene.store(), &scene.may().await, &Cursor::default()).await.expect("a list");
        assert_eq!(all.items.len(), 1, "who gives no reason assumes nothing");
        assert_eq!(all.items[0].tenant, acme);
        assert_eq!(all.items[0].reason, "ticket 4711: their last admin left");
        assert_eq!(all.items[0].operator, "command line");
    })
    .await;
}
