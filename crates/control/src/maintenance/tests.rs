use super::*;
use crate::scene::trail;
use access::ChangeSettings;
use testkit::{Town, for_each_engine};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn an_admin_puts_their_own_tenant_into_maintenance_and_it_ends_by_itself() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        let now = world.clock.now();
        let span = Span { from: now + HOUR, until: now + HOUR * 2 };
        let permit = world.permit::<ChangeSettings>(contoso, &contoso.admin).await;
        set(&world.store, &permit, Some(span)).await.expect("within bounds");
        world.warden.reload(contoso.id).await.expect("the directory answers");
        let left = |after: Duration| {
            world.resolved(contoso).tenant().record.maintenance.left(now + after).map(|left| left.as_secs())
        };
        assert_eq!([left(HOUR / 2), left(HOUR), left(HOUR * 2)], [None, Some(3_600), None]);
        assert_eq!(world.resolved(&town.fabrikam).tenant().record.maintenance.left(now + HOUR), None);
        world.pass(Duration::from_millis(1));
        let permit = world.permit::<ChangeSettings>(contoso, &contoso.admin).await;
        set(&world.store, &permit, None).await.expect("it can be ended");
        world.warden.reload(contoso.id).await.expect("the directory answers");
        assert_eq!(world.resolved(contoso).tenant().record.maintenance.left(now + HOUR), None);
        let line = trail(world, contoso.id).await.pop().expect("a line");
        assert!(line.before.contains(r#""maintenance":true"#) && line.after.contains("false"), "{line:?}");
    })
    .await;
}

#[tokio::test]
async fn maintenance_that_would_never_end_is_refused() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let now = world.clock.now();
        for (from, until) in [(now, now), (now + HOUR * 2, now + HOUR), (now, now + LONGEST + HOUR)] {
            let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
            let refused =
                set(&world.store, &permit, Some(Span { from, until })).await.expect_err("out of bounds");
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some("until")));
        }
    })
    .await;
}
