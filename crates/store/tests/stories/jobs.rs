//! Background work is done once for every tenant in its turn.

use access::{ClaimedJob, Permit, RunJob};
use domain::{Limit, Moment};
use std::{collections::HashMap, time::Duration};
use store::{JobFate, JobSettings, Store, StoreError, operator_sql, sql, values};
use testkit::{Town, Village, World, for_each_engine};

const CLASS: &str = "mail";

async fn queue(world: &World, at: &Village, how_many: usize) {
    let permit = world.background::<RunJob>(at);
    let write = world.store.write(&permit, async |tx| {
        for _ in 0..how_many {
            tx.enqueue(CLASS, "greet", "{}", tx.now()).await?;
        }
        Ok::<_, StoreError>(())
    });
    write.await.unwrap();
}

async fn claim(world: &World) -> Option<(Permit<RunJob>, ClaimedJob)> {
    world.warden.claim(CLASS, world.origin()).await.unwrap()
}

fn with(world: &World, settings: JobSettings) -> Store {
    world.store.clone().with_job_settings(settings)
}

#[tokio::test]
async fn a_job_lands_with_its_write_or_not_at_all() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let failed = world.store.write(&permit, async |tx| {
            tx.enqueue(CLASS, "greet", "{}", tx.now()).await?;
            Err::<(), _>(StoreError::LeaseLost(tx.new_id()))
        });
        assert!(failed.await.is_err());
        assert!(claim(world).await.is_none());
        queue(world, &town.contoso, 1).await;
        let (permit, job) = claim(world).await.unwrap();
        assert_eq!(
            (permit.tenant_id(), job.tenant, job.kind.as_str()),
            (town.contoso.id, town.contoso.id, "greet")
        );
        assert_eq!((job.tries, job.fence), (1, 1));
        assert!(claim(world).await.is_none(), "it is leased");
        world.store.complete_job(&permit, &job).await.unwrap();
        world.pass(Duration::from_secs(3_600));
        assert!(claim(world).await.is_none(), "it is done");
    })
    .await;
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let wait = JobSettings::default().lease / 2;
        let later = world.clock.now() + wait;
        world.store.write(&permit, async |tx| tx.enqueue(CLASS, "later", "", later).await).await.unwrap();
        assert!(claim(world).await.is_none());
        queue(world, &town.contoso, 1).await;
        assert_eq!(claim(world).await.unwrap().1.kind, "greet", "one that was queued later may come first");
        assert!(claim(world).await.is_none());
        world.pass(wait);
        assert_eq!(claim(world).await.unwrap().1.kind, "later");
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_one_tenant_delays_another_by_one_turn() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 1_000).await;
        claim(world).await.unwrap();
        queue(world, &town.fabrikam, 1).await;
        let next = [claim(world).await.unwrap().1.tenant, claim(world).await.unwrap().1.tenant];
        assert!(next.contains(&town.fabrikam.id));
    })
    .await;
}

#[tokio::test]
async fn turns_are_as_long_as_plans_have_weight() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let heavy = world.new_id::<domain::id::PlanKind>();
        let body = format!(r#"{{"limits":{{"{}":3}}}}"#, Limit::JobWeight.name());
        let upkeep = world.upkeep();
        let move_up = world.store.operate(&upkeep, async |tx| {
            let plan =
                operator_sql!("INSERT INTO plan (id, name, body, changed_at) VALUES ($1, 'heavy', $2, $3)");
            tx.run(plan, values![heavy, &body, tx.now()]).await?;
            tx.run(
                operator_sql!("UPDATE tenant SET plan_id = $1 WHERE id = $2"),
                values![heavy, town.contoso.id],
            )
            .await
        });
        move_up.await.unwrap();
        queue(world, &town.contoso, 30).await;
        queue(world, &town.fabrikam, 30).await;
        let mut counts = HashMap::new();
        for _ in 0..16 {
            *counts.entry(claim(world).await.unwrap().1.tenant).or_insert(0) += 1;
        }
        assert_eq!((counts[&town.contoso.id], counts[&town.fabrikam.id]), (12, 4));
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ended_is_worth_nothing_once_another_holds_the_job() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 1).await;
        let (permit, slow) = claim(world).await.unwrap();
        world.pass(JobSettings::default().lease);
        let (_, quick) = claim(world).await.expect("the job is there again: its node may be dead");
        assert_eq!((quick.id, quick.fence, quick.tries), (slow.id, slow.fence + 1, 2));

        let late = world.store.write(&permit, async |tx| {
            tx.run(sql!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = $1"), &[]).await?;
            tx.complete(&slow).await
        });
        assert!(matches!(late.await, Err(StoreError::LeaseLost(id)) if id == slow.id));
        let of = town.contoso.id;
        let published = format!("SELECT published FROM tenant_setting WHERE tenant_id = '{of}'");
        assert_eq!(world.number(&published).await, 1, "what the late one did has not landed");
        assert!(matches!(world.store.renew_job(&permit, &slow).await, Err(StoreError::LeaseLost(_))));
        assert!(matches!(world.store.fail_job(&permit, &slow, "late").await, Err(StoreError::LeaseLost(_))));
        world.store.complete_job(&permit, &quick).await.unwrap();
        assert!(matches!(world.store.complete_job(&permit, &quick).await, Err(StoreError::LeaseLost(_))));
    })
    .await;
}

#[tokio::test]
async fn a_renewed_lease_goes_on() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 1).await;
        let (permit, job) = claim(world).await.unwrap();
        for _ in 0..3 {
            world.pass(JobSettings::default().lease / 2);
            world.store.renew_job(&permit, &job).await.unwrap();
            assert!(claim(world).await.is_none());
        }
        world.store.complete_job(&permit, &job).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_that_fails_waits_and_is_dead_in_the_end() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 1).await;
        let store = with(world, JobSettings { tries: 3, ..JobSettings::default() });
        let mut at = Moment::NEVER;
        for _ in 0..2 {
            let (permit, job) = claim(world).await.unwrap();
            let JobFate::Again(again) = store.fail_job(&permit, &job, "the receiver is down").await.unwrap()
            else {
                panic!("it is tried three times");
            };
            assert!(again > at && again > world.clock.now());
            assert!(claim(world).await.is_none(), "not before its time");
            at = again;
            world.pass(again.since(world.clock.now()));
        }
        let (permit, job) = claim(world).await.unwrap();
        assert_eq!(store.fail_job(&permit, &job, "still down").await.unwrap(), JobFate::Dead);
        world.pass(Duration::from_secs(24 * 3_600));
        assert!(claim(world).await.is_none());
        assert_eq!(world.raw("SELECT standing, failure FROM job").await, [["dead", "still down"]]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_node_every_time_is_dead_in_the_end() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 1).await;
        queue(world, &town.fabrikam, 1).await;
        for _ in 0..JobSettings::default().tries {
            assert!(claim(world).await.is_some() && claim(world).await.is_some());
            world.pass(JobSettings::default().lease);
        }
        assert!(claim(world).await.is_none());
        assert_eq!(world.raw("SELECT DISTINCT standing FROM job").await, [["dead"]]);
    })
    .await;
}

#[tokio::test]
async fn no_job_is_given_to_two_nodes() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        queue(world, &town.contoso, 20).await;
        queue(world, &town.fabrikam, 20).await;
        let other = world.another_store().await;
        let take_all = async |store: &Store| {
            let directory = store.directory();
            let mut taken = Vec::new();
            // A lane that the other node is looking at is passed over, so that "none" may be said too early.
            let mut none = 0;
            while none < 20 {
                match access::Directory::claim(&directory, CLASS).await.unwrap() {
                    Some(job) => taken.push(job.id),
                    None => none += 1,
                }
            }
            taken
        };
        let (mut here, there) = tokio::join!(take_all(&world.store), take_all(&other));
        here.extend(there);
        assert_eq!(here.len(), 40);
        here.sort();
        here.dedup();
        assert_eq!(here.len(), 40);
        other.engine().close().await;
    })
    .await;
}
