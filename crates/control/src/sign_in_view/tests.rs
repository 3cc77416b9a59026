use super::*;
use domain::{AuditLineId, Moment, SignInId};
use std::time::Duration;
use testkit::{Town, Village, World, for_each_engine};

async fn signed_in(world: &World, at: &Village, times: usize) {
    for _ in 0..times {
        let (id, now): (SignInId, Moment) = (world.new_id(), world.clock.now());
        let sql = format!(
            "INSERT INTO sign_in (tenant_id, id, member_id, connection_id, provider_id, at)
             VALUES ('{}', '{id}', '{}', '{}', '{}', {})",
            at.id,
            at.admin.member,
            at.connection,
            at.provider,
            now.micros()
        );
        world.raw(&sql).await;
    }
}

async fn turned_away(world: &World, at: &Village) {
    let (id, now): (AuditLineId, Moment) = (world.new_id(), world.clock.now());
    let sql = format!(
        "INSERT INTO audit_line (tenant_id, id, seq, leaf, at, actor, action, target, outcome, reason, request, before_values,
           after_values, personal)
         VALUES ('{}', '{id}', 0, '', {}, 'anonymous', 'sign-in.finish', '', 'member.not-admitted', '', '', '', '', '')",
        at.id, now.micros()
    );
    world.raw(&sql).await;
}

#[tokio::test]
async fn a_tenant_sees_who_came_by_which_provider_in_which_hour_and_who_was_turned_away() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (contoso, fabrikam) = (&town.contoso, &town.fabrikam);
        // Asked for now: an hour later the session would be over.
        let permit = world.permit(contoso, &contoso.admin).await;
        signed_in(world, contoso, 2).await;
        turned_away(world, contoso).await;
        world.pass(Duration::from_secs(3_600));
        signed_in(world, contoso, 1).await;
        signed_in(world, fabrikam, 5).await;
        let all = read(&world.store, &permit, 24).await.expect("read");
        let counts: Vec<_> = all.came.iter().map(|came| (came.sign_ins, came.people)).collect();
        assert_eq!(counts, [(2, 1), (1, 1)], "{all:?}");
        assert!(all.came.iter().all(|came| came.provider == contoso.provider && !came.connection.is_empty()));
        assert_eq!(all.came[1].begins.since(all.came[0].begins), Duration::from_secs(3_600));
        assert!(
            matches!(&all.turned_away[..], [one] if one.times == 1 && one.reason == "member.not-admitted"),
            "{all:?}"
        );
        let last = read(&world.store, &permit, 1).await.expect("read");
        assert_eq!((last.came.len(), last.turned_away.len()), (1, 0), "the present hour alone");
    })
    .await;
}
