//! Meters, sessions in use, and what is removed when it has ended.

use access::{
    BeginPersonSession, Credential, FinishSignIn, ListMembers, ReadSettings, Refusal, RunJob, StoreMeters,
    SweepTenant,
};
use domain::{Digest, NodeId};
use std::time::Duration;
use store::{Retention, StoreError, Total, Usage, operator_sql, person_sql, sql, values};
use testkit::{Town, World, for_each_engine};

const HOUR: Duration = Duration::from_secs(3_600);

fn total(meter: &str, value: i64) -> Total {
    Total { meter: meter.into(), value }
}

#[tokio::test]
async fn traffic_is_counted_once_however_often_it_is_sent() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.background::<StoreMeters>(&town.contoso);
        let [one, two]: [NodeId; 2] = [world.new_id(), world.new_id()];
        let sent = [
            (one, [("requests", 10, 5), ("bytes_in", 10, 700)]),
            (one, [("requests", 10, 9), ("bytes_in", 10, 900)]),
            // The same again, and an earlier one that was late.
            (one, [("requests", 10, 9), ("bytes_in", 10, 900)]),
            (one, [("requests", 10, 5), ("bytes_in", 10, 700)]),
            (two, [("requests", 10, 2), ("requests", 11, 1)]),
        ];
        for (node, readings) in sent {
            world.store.record_traffic(&permit, node, &readings).await.unwrap();
        }
        let neighbour = world.background::<StoreMeters>(&town.canary.0);
        world.store.record_traffic(&neighbour, one, &[("requests", 10, 1_000)]).await.unwrap();

        let permit = world.permit::<ReadSettings>(&town.contoso, &town.contoso.admin).await;
        let usage = |meter: &str, hour, value| Usage { meter: meter.into(), hour, value };
        assert_eq!(
            world.store.traffic(&permit, 10, 12).await.unwrap(),
            [usage("bytes_in", 10, 900), usage("requests", 10, 11), usage("requests", 11, 1)]
        );
        let totals = world.store.traffic_totals(&permit, 0, 11).await.unwrap();
        assert_eq!(totals, [total("bytes_in", 900), total("requests", 11)]);
    })
    .await;
}

#[tokio::test]
async fn a_billable_fact_is_counted_once_and_in_its_time() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let reads = world.permit::<ReadSettings>(&town.contoso, &town.contoso.admin).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let start = world.clock.now();
        for (id, amount) in [("seat 1", 1), ("seat 1", 1), ("seat 2", 1), ("correction", -1)] {
            world.store.write(&permit, async |tx| tx.count(id, "seats", amount).await).await.unwrap();
            world.pass(HOUR);
        }
        let until = |hours: u32| start + HOUR * hours;
        assert_eq!(world.store.billable_totals(&reads, start, until(3)).await.unwrap(), [total("seats", 2)]);
        assert_eq!(world.store.billable_totals(&reads, start, until(9)).await.unwrap(), [total("seats", 1)]);
        assert_eq!(world.store.billable_totals(&reads, until(8), until(9)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_session_in_use_goes_on_and_one_that_ended_stays_ended() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let (at, admin) = (world.resolved(&town.contoso), &town.contoso.admin);
        world.pass(HOUR * 3 / 4);
        world.permit::<ListMembers>(&town.contoso, admin).await;
        let (_, digest) = world.witness.active()[0];
        let sweep = world.background::<SweepTenant>(&town.contoso);
        world.store.touch_sessions(&sweep, &[digest]).await.unwrap();
        world.pass(HOUR * 3 / 4);
        let another = world.fresh_warden();
        another.fill().await.unwrap();
        assert!(another.permit::<ListMembers>(&at, admin, world.origin()).await.is_ok());
        let idle = another.permit::<ListMembers>(&at, &town.contoso.reader, world.origin()).await;
        assert_eq!(idle.unwrap_err(), Refusal::SignInNeeded);

        world.pass(HOUR * 2);
        world.store.touch_sessions(&sweep, &[digest]).await.unwrap();
        let late = world.fresh_warden();
        late.fill().await.unwrap();
        assert_eq!(
            late.permit::<ListMembers>(&at, admin, world.origin()).await.unwrap_err(),
            Refusal::SignInNeeded
        );
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_is_removed_and_nothing_else() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        leave_things_about(world, &town).await;
        assert_eq!(world.store.tenants_to_sweep(&world.upkeep()).await.unwrap(), []);
        world.pass(HOUR / 2);
        // A hand-over and a used state have ended, at Contoso only.
        assert_eq!(world.store.tenants_to_sweep(&world.upkeep()).await.unwrap(), [town.contoso.id]);
        let sweep = world.background::<SweepTenant>(&town.contoso);
        assert_eq!(world.store.sweep_tenant(&sweep).await.unwrap(), 2);
        assert_eq!(world.store.sweep_tenant(&sweep).await.unwrap(), 0);
        assert_eq!(world.store.sweep_platform(&world.upkeep()).await.unwrap(), 0);
        world.pass(HOUR);
        let sessions = world.number("SELECT COUNT(*) FROM session").await;
        assert_eq!(
            world.store.sweep_tenant(&sweep).await.unwrap(),
            3,
            "Contoso's three sessions were idle too long"
        );
        assert_eq!(world.number("SELECT COUNT(*) FROM session").await, sessions - 3);
        assert_eq!(
            world.store.sweep_platform(&world.upkeep()).await.unwrap(),
            2,
            "a person's session and a name"
        );
        assert_eq!(world.number("SELECT COUNT(*) FROM invitation").await, 1);
        world.pass(Retention::default().invitations);
        assert_eq!(world.store.sweep_tenant(&sweep).await.unwrap(), 1);
        assert_eq!(
            world.store.sweep_platform(&world.upkeep()).await.unwrap(),
            1,
            "the first event; the last one stays as a mark"
        );
    })
    .await;
}

async fn leave_things_about(world: &World, town: &Town) {
    let permit = world.background::<RunJob>(&town.contoso);
    let soon = world.clock.now() + HOUR / 2;
    let reader = &town.contoso.reader;
    let tenants = world.store.write(&permit, async |tx| {
        let hand_over = sql!(
            "INSERT INTO hand_over (tenant_id, digest, host, member_id, user_id, provider_id, connection_id, bind,
             return_path, ends) VALUES ($1, 'h', 'tenant', $2, $3, $4, $5, 'b', '/', $6)"
        );
        let Town { contoso, .. } = town;
        tx.run(hand_over, values![reader.member, reader.user, contoso.provider, contoso.connection, soon]).await?;
        tx.run(sql!("INSERT INTO used_state (tenant_id, digest, ends) VALUES ($1, 's', $2)"), values![soon]).await?;
        let invitation = sql!(
            "INSERT INTO invitation (tenant_id, digest, roles, connection_id, created_at, ends, used_at, used_by)
             VALUES ($1, 'i', '[]', '', 0, $2, 0, '')"
        );
        tx.run(invitation, values![soon]).await?;
        tx.emit(domain::Event::new(domain::event::names::MEMBER_CHANGED, "x")).await?;
        tx.emit(domain::Event::new(domain::event::names::MEMBER_CHANGED, "y")).await
    });
    tenants.await.unwrap();
    let at = world.resolved(&town.contoso);
    let by = world.warden.permit::<FinishSignIn>(&at, &Credential::None, world.origin()).await.unwrap();
    let permit = world.warden.introduced::<BeginPersonSession, _>(&by, reader.user);
    let session = person_sql!(
        "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends)
         VALUES ($1, $2, 'id', $3, $4, $5, $6, $7)"
    );
    let person = world.store.write_person(&permit, async |tx| {
        let (now, digest) = (tx.now(), Digest::of(b"session"));
        tx.run(session, values![digest, town.contoso.provider, now, HOUR, now + HOUR, now + HOUR * 2]).await
    });
    person.await.unwrap();
    let name = operator_sql!("INSERT INTO resting_name (name, tenant, until) VALUES ('old', $1, $2)");
    let upkeep = world.upkeep();
    let platform = world.store.operate(&upkeep, async |tx| {
        tx.run(name, values![town.contoso.id, tx.now() + HOUR]).await?;
        Ok::<_, StoreError>(())
    });
    platform.await.unwrap();
}
