use super::*;
use crate::scene::Scene;
use domain::digest::MacKey;
use testkit::for_each_engine;

fn code(secret: &MacKey) -> domain::Digest {
    secret.sign(&[b"any"])
}

#[tokio::test]
async fn a_rolled_secret_is_believed_until_its_overlap_is_over() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let first = world.keyring().await.api_keys;
        let hour = Duration::from_secs(3_600);
        let until = roll(scene.store(), &scene.may().await, hour).await.expect("rolled");
        let both = world.keyring().await.api_keys;
        assert_eq!((first.len(), both.len()), (1, 2));
        assert_eq!((code(&both[1].secret), both[1].until), (code(&first[0].secret), until));
        assert_ne!(code(&both[0].secret), code(&first[0].secret), "new keys are made under the new one");
        world.pass(hour);
        assert_eq!(world.keyring().await.api_keys.len(), 1);
        let never = roll(scene.store(), &scene.may().await, MOST * 2).await;
        assert!(matches!(never, Err(SecretError::Overlap)), "{never:?}");
    })
    .await;
}
