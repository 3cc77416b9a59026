use super::*;
use crate::{Terms, scene::Scene, tenant};
use access::{ChangeTenant, Credential, ManageTokens, OperatorPermit, ReadTenants, Refusal};
use domain::{Cursor, Secret};
use std::time::Duration;
use testkit::{World, for_each_engine};

async fn make(scene: &Scene<'_>, rights: Rights, days: u64) -> Result<Made, TokenError> {
    let name = "deploy script".parse().unwrap();
    create(scene.store(), &scene.may().await, name, rights, days, &Terms::default()).await
}

fn presented(made: &Made) -> Credential {
    Credential::OperatorToken(Secret::new(made.secret.reveal().clone()))
}

async fn permit<A: access::OperatorAction>(world: &World, made: &Made) -> Result<OperatorPermit<A>, Refusal> {
    world.warden.operator(&presented(made), world.origin()).await
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_a_hash() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = make(&scene, Rights::Manage, 90).await.expect("a token");
        let secret = made.secret.reveal();
        assert!(secret.starts_with("pwo_") && secret.len() == 47, "{secret}");
        let rows = world.raw("SELECT * FROM operator_token").await;
        assert!(!format!("{rows:?}").contains(&secret[4..]), "only the hash is kept");
        let lines = scene.trail(scene.house).await;
        assert!(!format!("{lines:?}").contains(&secret[4..]), "no token in the trail");
        let tenants = permit::<ReadTenants>(world, &made).await.expect("a good token");
        let seen = tenant::read(scene.store(), &tenants, scene.house).await;
        assert!(seen.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_reading_token_changes_nothing_and_an_ended_one_opens_nothing() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = make(&scene, Rights::Read, 1).await.expect("a token");
        assert!(permit::<ReadTenants>(world, &made).await.is_ok());
        assert_eq!(permit::<ChangeTenant>(world, &made).await.map(drop), Err(Refusal::NotAllowed));

        end(scene.store(), &scene.may().await, made.token.id).await.expect("it lives");
        let told = domain::Heard {
            name: domain::event::names::TOKENS_CHANGED.into(),
            tenant: scene.house,
            subject: made.token.id.to_string(),
            body: serde_json::Value::Null,
        };
        world.warden.hear(&[told]).await.expect("the directory answers");
        assert_eq!(permit::<ReadTenants>(world, &made).await.map(drop), Err(Refusal::BadCredential));
        let again = end(scene.store(), &scene.may().await, made.token.id).await.expect_err("ended");
        assert_eq!(again.code(), "item.unknown");
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_by_itself() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = make(&scene, Rights::Read, 1).await.expect("a token");
        world.pass(Duration::from_secs(24 * 60 * 60));
        assert_eq!(permit::<ReadTenants>(world, &made).await.map(drop), Err(Refusal::BadCredential));
        for days in [0, 91] {
            let refused = make(&scene, Rights::Read, days).await.expect_err("too long, or not at all");
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some("days")));
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_makes_no_token() {
    for_each_engine(async |world| {
        let scene = Scene::open(world).await;
        let made = make(&scene, Rights::Manage, 1).await.expect("a token");
        let by_token = permit::<ManageTokens>(world, &made).await.expect("it manages");
        let name = "its heir".parse().unwrap();
        let heir = create(scene.store(), &by_token, name, Rights::Manage, 90, &Terms::default()).await;
        assert_eq!(heir.expect_err("no heirs").code(), "action.forbidden");
        let all = list(scene.store(), &scene.may().await, &Cursor::default()).await.expect("a list");
        assert_eq!(all.items.len(), 1);
        assert_eq!(all.items[0].created_by, "command line");
    })
    .await;
}
