use super::*;
use crate::scene::trail;
use access::{ChangeSettings, Refusal};
use testkit::{Town, for_each_engine};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn an_admin_changes_the_settings_of_their_own_tenant() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        let changes = Changes {
            published: Some(false),
            session_idle: Some(HOUR),
            session_life: Some(HOUR * 9),
            key_days: Some(30),
            key_unused_days: Some(7),
            networks: Some(vec!["192.0.2.0/24".parse().expect("a network")]),
            exchanges_keys: Some(true),
        };
        world.pass(Duration::from_millis(1));
        let changed = change(&world.store, &world.permit(contoso, &contoso.admin).await, &changes).await;
        assert_eq!(changed.expect("within bounds").session_life, HOUR * 9);
        world.warden.reload(contoso.id).await.expect("the directory answers");
        let resolved = world.resolved(contoso);
        let record = &resolved.tenant().record;
        assert!(!record.published && record.exchanges_keys && record.may_come_from([192, 0, 2, 7].into()));
        assert!(!record.may_come_from([10, 0, 0, 1].into()), "the gateway knows of the networks");
        let line = trail(world, contoso.id).await.pop().expect("a line");
        assert_eq!((line.action.as_str(), line.actor), ("setting.change", contoso.admin.user.to_string()));
        assert!(line.before.contains(r#""published":true"#) && line.after.contains(r#""published":false"#));
        let fabrikam = &town.fabrikam;
        let theirs = read(&world.store, &world.permit(fabrikam, &fabrikam.admin).await).await;
        assert!(theirs.expect("settings").published, "another tenant's are as they were");
    })
    .await;
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_at_its_field_and_written_down() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        let cases = [
            (Changes { key_days: Some(36_501), ..Default::default() }, "key_days"),
            (Changes { session_idle: Some(Duration::ZERO), ..Default::default() }, "session_idle"),
            (Changes { session_life: Some(HOUR * 24 * 31), ..Default::default() }, "session_life"),
            (
                Changes { session_idle: Some(HOUR * 3), session_life: Some(HOUR), ..Default::default() },
                "session_idle",
            ),
        ];
        for (changes, field) in cases {
            world.pass(Duration::from_millis(1));
            let permit = world.permit(contoso, &contoso.admin).await;
            let refused = change(&world.store, &permit, &changes).await.expect_err(field);
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some(field)));
        }
        let line = trail(world, contoso.id).await.pop().expect("a line");
        assert_eq!((line.action.as_str(), line.outcome.as_str()), ("setting.change", "input.invalid"));
    })
    .await;
}

#[tokio::test]
async fn who_only_uses_the_application_changes_nothing() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let at = world.resolved(&town.contoso);
        let asked =
            world.warden.permit::<ChangeSettings>(&at, &town.contoso.reader.credential, world.origin()).await;
        assert_eq!(asked.map(drop), Err(Refusal::NotAllowed));
    })
    .await;
}
